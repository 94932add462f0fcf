#include "deploy/sample/customer.h"

#include "deploy/sample/identifiers.h"
#include "deploy/sample/people.h"
#include "deploy/sample/random.h"

namespace fieldkms::sample {
namespace {

constexpr size_t kLongNote = 100'000;

// `value`, or NULL now and then.
std::optional<std::string> Perhaps(SampleRandom& random, std::string value) {
  if (random.OneIn(12)) return std::nullopt;
  return value;
}

std::optional<std::string> MakeNotes(SampleRandom& random, int64_t id) {
  if (id % 1000 == 7) return MakeNote(random, kLongNote);
  if (random.OneIn(2)) return std::nullopt;
  if (random.OneIn(10)) return std::string();
  return Perhaps(random, MakeNote(random, 20 + random.Below(160)));
}

}  // namespace

Row MakeCustomer(int64_t id) {
  SampleRandom random(static_cast<uint64_t>(id));
  Row row{.id = id, .fields = {}};
  Person person = MakePerson(random);
  row.fields[kFullName] = person.name;
  row.fields[kEmail] = Perhaps(random, MakeEmail(random, person, id));
  row.fields[kCardNumber] = MakePan(random);
  row.fields[kSsn] = Perhaps(random, MakeSsn(random));
  row.fields[kEin] = Perhaps(random, MakeEin(random));
  row.fields[kIban] = Perhaps(random, MakeIban(random));
  row.fields[kNotes] = MakeNotes(random, id);
  return row;
}

}  // namespace fieldkms::sample
