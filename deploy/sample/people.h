// Names, e-mail addresses and notes in the scripts that real tables hold.
#ifndef FIELDKMS_DEPLOY_SAMPLE_PEOPLE_H_
#define FIELDKMS_DEPLOY_SAMPLE_PEOPLE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "deploy/sample/random.h"

namespace fieldkms::sample {

struct Person {
  std::string name;  // in its own script, UTF-8
  bool latin;        // whether the name is in Latin letters
};

// MakePerson: a name in Latin (with diacritics), Cyrillic, Greek, Arabic, Hebrew,
// Devanagari, Han, Hangul or Kana letters, now and then with an emoji.
Person MakePerson(SampleRandom& random);

// MakeEmail: an address in the domains of RFC 2606, unique by `id`; of people with
// non-Latin names sometimes internationalised (RFC 6531).
std::string MakeEmail(SampleRandom& random, const Person& person, int64_t id);

// MakeNote: `size` bytes of text in several scripts, with line breaks, tabs, quotes
// and backslashes, which no COPY and no batch may lose.
std::string MakeNote(SampleRandom& random, size_t size);

}  // namespace fieldkms::sample

#endif  // FIELDKMS_DEPLOY_SAMPLE_PEOPLE_H_
