#include "deploy/sample/people.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace fieldkms::sample {
namespace {

constexpr size_t kNamesPerScript = 6;

struct Script {
  bool latin;
  bool family_first;
  std::string_view separator;
  std::string_view given[kNamesPerScript];
  std::string_view family[kNamesPerScript];
};

constexpr Script kScripts[] = {
    {true,
     false,
     " ",
     {"Zoë", "François", "Søren", "Łucja", "Ángel", "Siân"},
     {"Müller", "Nuñez", "Håkansson", "Dvořák", "O'Brien", "Şahin"}},
    {true,
     false,
     " ",
     {"Alice", "Mary-Jane", "Thành", "Jürgen", "Inês", "Þóra"},
     {"Smith", "van der Berg", "Nguyễn", "Özdemir", "Gonçalves", "Jónsdóttir"}},
    {false,
     false,
     " ",
     {"Анна", "Дмитрий", "Оксана", "Георги", "Милица", "Юрій"},
     {"Иванова", "Шевченко", "Петров", "Ђорђевић", "Жуков", "Щербак"}},
    {false,
     false,
     " ",
     {"Ελένη", "Γιώργος", "Σοφία", "Ανδρέας", "Ζωή", "Ιωάννης"},
     {"Παπαδοπούλου", "Νικολάου", "Βασιλείου", "Χατζής", "Οικονόμου", "Ρήγας"}},
    {false,
     false,
     " ",
     {"فاطمة", "محمد", "ليلى", "يوسف", "نور", "خالد"},
     {"الحسن", "العلي", "حداد", "النجار", "منصور", "الزهراني"}},
    {false,
     false,
     " ",
     {"נועה", "דוד", "תמר", "יוסף", "רחל", "אבי"},
     {"כהן", "לוי", "מזרחי", "פרץ", "ביטון", "אברהם"}},
    {false,
     false,
     " ",
     {"प्रिया", "अर्जुन", "लक्ष्मी", "संजय", "कृष्णा", "नेहा"},
     {"शर्मा", "पटेल", "सिंह", "गुप्ता", "देशमुख", "त्रिपाठी"}},
    {false,
     true,
     "",
     {"伟", "秀英", "志明", "美玲", "建国", "雪"},
     {"王", "李", "歐陽", "陳", "司马", "赵"}},
    {false,
     true,
     "",
     {"민준", "서연", "지우", "하은", "도윤", "수빈"},
     {"김", "이", "박", "최", "남궁", "정"}},
    {false,
     true,
     " ",
     {"さくら", "ハルト", "ユイ", "けんた", "アオイ", "みさき"},
     {"さとう", "タナカ", "すずき", "ワタナベ", "いとう", "ヤマモト"}},
};

constexpr std::string_view kEmoji[] = {"🌻", "🦊", "👩‍💻", "☕️", "🇪🇺"};
constexpr std::string_view kDomains[] = {"example.com", "example.org", "example.net",
                                         "mail.example", "shop.example"};
constexpr std::string_view kWords[] = {
    "called about the invoice",
    "prefers e-mail",
    "\tsee \"Contract 7\"\n",
    "C:\\share\\old",
    "vip",
    "moved to Kraków",
    "спасибо",
    "対応済み",
    "تم الاتصال",
    "naïve coöperation",
    "€ 1 234,50",
    "it's fine",
    "\\N is not NULL",
    "100% 'quoted'\r\n",
    "☎️ +44 20 7946 0000",
    "done.",
};

bool IsContinuation(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

// Cuts `text`, which is longer, to `size` bytes; dots stand for a character that
// would be cut in two.
std::string CutTo(std::string text, size_t size) {
  size_t end = size;
  while (end > 0 && IsContinuation(text[end])) --end;
  text.resize(size);
  std::fill(text.begin() + static_cast<std::ptrdiff_t>(end), text.end(), '.');
  return text;
}

}  // namespace

Person MakePerson(SampleRandom& random) {
  const Script& script = random.Pick(kScripts);
  std::string given(random.Pick(script.given));
  std::string family(random.Pick(script.family));
  std::string name = script.family_first ? family.append(script.separator).append(given)
                                         : given.append(script.separator).append(family);
  if (random.OneIn(40)) name.append(" ").append(random.Pick(kEmoji));
  return {.name = name, .latin = script.latin};
}

std::string MakeEmail(SampleRandom& random, const Person& person, int64_t id) {
  std::string_view domain = random.Pick(kDomains);
  std::string local = "customer";
  if (!person.latin && random.OneIn(3)) local = person.name.substr(0, person.name.find(' '));
  if (random.OneIn(8)) local += "+news";
  return local + "." + std::to_string(id) + "@" + std::string(domain);
}

std::string MakeNote(SampleRandom& random, size_t size) {
  std::string note;
  while (note.size() <= size) note.append(random.Pick(kWords)).append(" ");
  return CutTo(std::move(note), size);
}

}  // namespace fieldkms::sample
