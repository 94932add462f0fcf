#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "kms/printable.h"
#include "rotation/report_content.h"
#include "rotation/words.h"

namespace fieldkms::rotation {
namespace {

// Bars are drawn rather than coloured by a background, which printers leave out.
constexpr std::string_view kHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>)html";

constexpr std::string_view kStyle = R"html(</title>
<style>
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6675; --line: #d7dce3; --tone: #345; }
.good { --tone: #1b6e3c; } .warning { --tone: #8a5a00; } .bad { --tone: #a32020; }
.open { --tone: #1f4f8f; }
* { box-sizing: border-box; }
body { margin: 0; background: #fff; color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2.5rem 2rem; }
header { border-bottom: 3px solid var(--tone); padding-bottom: 1rem; }
header p { font-size: 1.1rem; margin: .5rem 0 0; }
h1 { font-size: 1.6rem; font-weight: 600; margin: 0; display: flex; gap: 1rem;
  align-items: center; justify-content: space-between; }
h1 span { font-size: .8rem; letter-spacing: .08em; padding: .25rem .75rem; border-radius: 1rem;
  color: var(--tone); border: 1.5px solid var(--tone); white-space: nowrap; }
h2 { font-size: 1.05rem; font-weight: 600; margin: 2rem 0 .5rem; }
p { margin: .4rem 0; }
dl { display: grid; grid-template-columns: 10rem 1fr; margin: 0; }
dt, dd { margin: 0; padding: .3rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); padding-right: 1rem; }
ul { margin: .4rem 0; padding-left: 1.3rem; }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .35rem 0 .35rem .9rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; font-size: .85rem; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
td:not(:first-child) { white-space: nowrap; }
td span { display: inline-block; width: 3.4em; }
tfoot { display: table-row-group; }
tfoot td { font-weight: 600; border-bottom: 0; border-top: 2px solid var(--line); }
svg { width: 7rem; height: .6rem; vertical-align: middle; margin-right: .5rem; }
.all { fill: #e6eaef; } .done { fill: #3c78b4; } .left { fill: #d08a16; }
footer { margin-top: 2.5rem; color: var(--soft); font-size: .85rem; }
@media print {
  body { font-size: 10.5pt; } main { padding: 0; max-width: none; }
  h2 { break-after: avoid; } tr, dt, dd, li { break-inside: avoid; }
  @page { margin: 18mm; }
}
</style>
</head>
)html";

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : Printable(text)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string_view ToneClass(ReportTone tone) {
  switch (tone) {
    case ReportTone::kGood:
      return "good";
    case ReportTone::kWarning:
      return "warning";
    case ReportTone::kBad:
      return "bad";
    case ReportTone::kOpen:
      break;
  }
  return "open";
}

std::string SectionHtml(const ReportSection& section) {
  std::string html = "<section>\n<h2>" + Escaped(section.title) + "</h2>\n";
  for (const std::string& paragraph : section.paragraphs) {
    html += "<p>" + Escaped(paragraph) + "</p>\n";
  }
  if (!section.facts.empty()) html += "<dl>\n";
  for (const auto& [name, value] : section.facts) {
    html += "<dt>" + Escaped(name) + "</dt><dd>" + Escaped(value) + "</dd>\n";
  }
  if (!section.facts.empty()) html += "</dl>\n";
  if (!section.items.empty()) html += "<ul>\n";
  for (const std::string& item : section.items) html += "<li>" + Escaped(item) + "</li>\n";
  if (!section.items.empty()) html += "</ul>\n";
  return html + "</section>\n";
}

// What is done, and of that, at its end, what is quarantined: wide enough to be seen.
std::string Bar(const ReportTable& table) {
  constexpr double kVisible = 2;
  const double done = table.done * 100;
  double left = 0;
  if (table.counts.quarantined() > 0) {
    const auto rows = static_cast<double>(std::max<uint64_t>(table.counts.seen(), 1));
    left = std::clamp(done * static_cast<double>(table.counts.quarantined()) / rows, kVisible,
                      std::max(done, kVisible));
  }
  return fmt::format(
      R"(<svg viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{0:.0f} percent">)"
      R"(<rect class="all" width="100" height="8"/><rect class="done" width="{0:.1f}" height="8"/>)"
      R"(<rect class="left" x="{1:.1f}" width="{2:.1f}" height="8"/></svg><span>{0:.0f} %</span>)",
      done, std::max(0.0, done - left), left);
}

std::string TableRow(const ReportTable& table) {
  const v1::RotationCounts& counts = table.counts;
  std::string html = "<tr><td>" + Escaped(table.name) + "</td><td>" + Bar(table) + "</td>";
  for (const uint64_t count : {counts.seen(), counts.changed(), counts.quarantined(),
                               counts.verified(), counts.opened()}) {
    html += "<td>" + CountWords(count) + "</td>";
  }
  return html + "</tr>\n";
}

std::string TablesHtml(const ReportContent& content) {
  std::string html =
      "<section>\n<h2>Tables</h2>\n<table>\n<thead><tr><th>Table</th><th>Done</th><th>Rows</th>"
      "<th>Rewritten</th><th>Quarantined</th><th>Verified</th><th>Opened</th></tr></thead>\n"
      "<tbody>\n";
  for (const ReportTable& table : content.tables) html += TableRow(table);
  html += "</tbody>\n";
  if (content.tables.size() != 1) html += "<tfoot>\n" + TableRow(content.sum) + "</tfoot>\n";
  html += "</table>\n";
  if (!content.tables_note.empty()) html += "<p>" + Escaped(content.tables_note) + "</p>\n";
  return html + "</section>\n";
}

}  // namespace

std::string HtmlReport(const v1::RotationJob& job, std::span<const QuarantinedValue> quarantined,
                       const ReportOptions& options) {
  const ReportContent content = MakeReportContent(job, quarantined, options);
  std::string html(kHead);
  html += Escaped(content.title + " " + job.job_id());
  html += kStyle;
  html += fmt::format("<body class=\"{}\">\n<main>\n<header>\n<h1>{} <span>{}</span></h1>\n",
                      ToneClass(content.tone), Escaped(content.title), Escaped(content.state));
  html += "<p>" + Escaped(content.headline) + "</p>\n</header>\n";
  for (const ReportSection& section : content.before) html += SectionHtml(section);
  html += TablesHtml(content);
  for (const ReportSection& section : content.after) html += SectionHtml(section);
  html += "<footer>This report was made by FieldKMS at " + content.made + ".</footer>\n";
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace fieldkms::rotation
