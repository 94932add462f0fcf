#include "rotation/plan_leaf.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>
#include <vector>

namespace fieldkms::rotation {
namespace {

// Whether a worker could write rows of it.
bool IsTable(const LeafPlan& leaf, FindingList* findings) {
  const Relation& relation = leaf.facts->relation;
  const auto refuse = [&](std::string_view code, std::string message) {
    findings->Add(Severity::kRefused, code, PlaceOf(leaf), std::move(message));
    return false;
  };
  switch (relation.kind) {
    case RelationKind::kTable:
      break;
    case RelationKind::kForeign:
      return refuse("FOREIGN_TABLE",
                    "is a foreign table: register and rotate it in the database that it is of");
    case RelationKind::kView:
    case RelationKind::kMaterializedView:
      return refuse("VIEW", "is a view: register the table that it reads");
    case RelationKind::kPartitioned:
    case RelationKind::kOther:
      return refuse("VIEW", "is no table: register the table that has the rows");
  }
  if (!relation.temporary) return true;
  return refuse("TEMPORARY_TABLE", "is temporary: only its own session sees its rows");
}

// Adds the columns that are there to `to`; the others are findings.
void AddPlain(const LeafPlan& leaf, const std::vector<std::string>& names, std::string_view code,
              std::string_view what, std::vector<PlainColumn>* to, FindingList* findings) {
  for (const std::string& name : names) {
    if (const Column* column = FindColumn(*leaf.facts, name)) {
      to->push_back({column->name, column->type});
    } else {
      findings->Add(Severity::kRefused, code, PlaceOf(leaf, name),
                    "is gone, and ciphertexts are bound to " + std::string(what) +
                        ": restore it, or register the columns anew and encrypt them again");
    }
  }
}

// The columns that entries of contexts are made of, and those that what is encrypted needs beside
// it, each once.
std::vector<std::string> ContextColumns(const PlannedRoot& root, Work work) {
  std::vector<std::string> names;
  const auto add = [&](const std::vector<std::string>& columns) {
    for (const std::string& name : columns) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  };
  for (const ProtectedColumn& column : root.columns) {
    add(column.context_columns);
    if (work == Work::kEncrypt) add(column.source_columns);
  }
  return names;
}

// None: it is gone, which is a finding.
std::optional<size_t> PlaceIn(const TablePlan& plan, const std::string& name) {
  const auto found = std::find_if(plan.context_columns.begin(), plan.context_columns.end(),
                                  [&](const PlainColumn& c) { return c.name == name; });
  if (found == plan.context_columns.end()) return std::nullopt;
  return static_cast<size_t>(found - plan.context_columns.begin());
}

void PutSource(const ProtectedColumn& registered, const TablePlan& plan, CipherColumn* cipher) {
  if (!registered.source || plan.work != Work::kEncrypt) return;
  cipher->source = SourceKindName(*registered.source);
  cipher->source_key = registered.source_key.value_or("");
  for (const std::string& name : registered.source_columns) {
    if (const auto place = PlaceIn(plan, name)) cipher->source_columns.push_back(*place);
  }
}

CipherColumn CipherColumnOf(const ProtectedColumn& registered, const Column& column,
                            const TablePlan& plan) {
  CipherColumn cipher;
  cipher.name = column.name;
  cipher.type = column.type;
  cipher.shape = registered.shape;
  cipher.binding_id = registered.binding_id;
  cipher.field_id = registered.field_id;
  cipher.field = registered.field.value_or("");
  cipher.bound_to_row = !registered.key_columns.empty();
  for (size_t i = 0; i < registered.context_names.size(); ++i) {
    const auto place = PlaceIn(plan, registered.context_columns[i]);
    if (!place) continue;
    cipher.context_names.push_back(registered.context_names[i]);
    cipher.context_columns.push_back(*place);
  }
  PutSource(registered, plan, &cipher);
  return cipher;
}

// Whether the column is fit for ciphertexts of the registry.
bool IsFit(const LeafPlan& leaf, const ProtectedColumn& registered, const Column* column,
           FindingList* findings) {
  const auto refuse = [&](std::string_view code, std::string message) {
    findings->Add(Severity::kRefused, code, PlaceOf(leaf, registered.column), std::move(message));
    return false;
  };
  const Shape stored = registered.shape == Shape::kFpe ? Shape::kText : registered.shape;
  if (column == nullptr || column->shape != stored) {
    return refuse("TYPE_MISMATCH", "is registered as " + std::string(ShapeName(registered.shape)) +
                                       ", and its type is another: register it anew");
  }
  if (!column->generated) return true;
  return refuse("GENERATED_COLUMN",
                "is generated: PostgreSQL lets nobody write it; make it a plain column");
}

// The name of the column that the work takes beside it.
std::optional<std::string> CompanionName(const ProtectedColumn& registered, Work work) {
  switch (work) {
    case Work::kReseal:
      return std::nullopt;
    case Work::kEncrypt:
    case Work::kDecrypt:
      return registered.plain_column;
    case Work::kReindex:
      return registered.index_column;
    case Work::kRetokenize:
      return registered.version_column;
  }
  return std::nullopt;
}

// New ciphertexts would clear the plaintexts that jobs have filled in, or be refused.
bool CheckNotLeaving(const LeafPlan& leaf, const ProtectedColumn& registered,
                     FindingList* findings) {
  switch (registered.conversion) {
    case Conversion::kUnprotect:
    case Conversion::kUnprotectClosed:
    case Conversion::kUnprotected:
      findings->Add(Severity::kRefused, "LEAVING", PlaceOf(leaf, registered.column),
                    "is on its way to plaintext: finish that, or take it back, with fieldkms "
                    "column");
      return false;
    default:
      return true;
  }
}

// Whether the column's values are ones that the work can be done on.
bool CheckWork(const LeafPlan& leaf, const ProtectedColumn& registered, FindingList* findings) {
  const auto refuse = [&](std::string message) {
    findings->Add(Severity::kRefused, "UNFIT_FOR_WORK", PlaceOf(leaf, registered.column),
                  std::move(message));
    return false;
  };
  const Shape shape = registered.shape;
  if (leaf.plan.work == Work::kReseal) return CheckNotLeaving(leaf, registered, findings);
  if (shape == Shape::kByteaArray || shape == Shape::kTextArray) {
    return refuse("holds arrays: only values of their own can be encrypted, decrypted or indexed");
  }
  const bool json = shape == Shape::kJson || shape == Shape::kJsonb;
  if (json && (!registered.field || leaf.plan.work == Work::kReindex)) {
    return refuse(
        "holds documents: a field says which of their members are protected, and there "
        "is no blind index of one");
  }
  if (leaf.plan.work == Work::kReindex && shape == Shape::kFpe) {
    return refuse("holds format-preserving texts, and jobs index ciphertexts only");
  }
  if (leaf.plan.work == Work::kReindex && !registered.field) {
    return refuse("has no field, and blind indexes are made by fields: register it with one");
  }
  return true;
}

// Adds a column beside the protected one.
bool AddCompanion(const LeafPlan& leaf, const ProtectedColumn& registered,
                  const std::optional<std::string>& name, PlainColumn* to, bool* bytes,
                  FindingList* findings) {
  const Column* const column = name ? FindColumn(*leaf.facts, *name) : nullptr;
  if (column != nullptr && !column->generated) {
    *to = {column->name, column->type};
    *bytes = column->shape == Shape::kBytea;
    return true;
  }
  findings->Add(Severity::kRefused, "COMPANION_GONE", PlaceOf(leaf, registered.column),
                "the column beside it that the registry has is " +
                    std::string(column == nullptr ? "gone" : "generated") + ": register it anew");
  return false;
}

bool AddCompanions(const LeafPlan& leaf, const ProtectedColumn& registered, CipherColumn* cipher,
                   FindingList* findings) {
  const Work work = leaf.plan.work;
  if (work == Work::kReseal) return true;
  if (!AddCompanion(leaf, registered, CompanionName(registered, work), &cipher->companion,
                    &cipher->companion_bytes, findings)) {
    return false;
  }
  bool indexes = cipher->companion_bytes;
  if (work == Work::kEncrypt && registered.index_column && registered.field) {
    if (!AddCompanion(leaf, registered, registered.index_column, &cipher->index, &indexes,
                      findings)) {
      return false;
    }
  } else if (work != Work::kReindex) {
    return true;
  }
  if (indexes) return true;
  findings->Add(Severity::kRefused, "TYPE_MISMATCH", PlaceOf(leaf, registered.column),
                "has a column of blind indexes beside it that is not bytea");
  return false;
}

void AddCipherColumns(LeafPlan* leaf, FindingList* findings) {
  for (const ProtectedColumn& registered : leaf->root->columns) {
    const Column* column = FindColumn(*leaf->facts, registered.column);
    if (IsFit(*leaf, registered, column, findings) && CheckWork(*leaf, registered, findings)) {
      CipherColumn cipher = CipherColumnOf(registered, *column, leaf->plan);
      if (AddCompanions(*leaf, registered, &cipher, findings)) {
        leaf->plan.columns.push_back(std::move(cipher));
        continue;
      }
    }
    leaf->readable = false;
  }
}

// Each column that is read or written must be of one protected column only.
void CheckShared(const LeafPlan& leaf, FindingList* findings) {
  std::set<std::string_view> names;
  for (const Slot& slot : SlotsOf(leaf.plan)) {
    if (names.insert(slot.name).second) continue;
    findings->Add(Severity::kRefused, "COMPANION_SHARED", PlaceOf(leaf, std::string(slot.name)),
                  "stands beside two protected columns, or is one itself: register them with "
                  "columns of their own");
  }
}

// The best key that the job itself does not change.
void AddScanKey(LeafPlan* leaf) {
  const std::vector<Slot> slots = SlotsOf(leaf->plan);
  const auto is_changed = [&](int16_t number) {
    return std::any_of(slots.begin(), slots.end(), [&](const Slot& slot) {
      return slot.written && FindColumn(*leaf->facts, slot.name)->number == number;
    });
  };
  for (const std::vector<int16_t>& key : leaf->facts->keys) {
    if (std::any_of(key.begin(), key.end(), is_changed)) continue;
    for (const int16_t number : key) {
      for (const Column& column : leaf->facts->columns) {
        if (column.number == number) leaf->plan.scan_key.push_back({column.name, column.type});
      }
    }
    return;
  }
}

}  // namespace

FindingPlace PlaceOf(const LeafPlan& leaf, std::string column) {
  return {leaf.root->name, leaf.facts->relation.name, std::move(column)};
}

std::optional<LeafPlan> PlanLeaf(const PlannedRoot& root, const LeafFacts& facts, Work work,
                                 FindingList* findings) {
  LeafPlan leaf;
  leaf.root = &root;
  leaf.facts = &facts;
  if (!IsTable(leaf, findings)) return std::nullopt;
  TablePlan& plan = leaf.plan;
  plan.work = work;
  plan.root = root.name;
  plan.leaf = facts.relation.name;
  plan.relation = facts.relation.oid;
  AddPlain(leaf, ContextColumns(root, work), "CONTEXT_COLUMN_GONE", "its values",
           &plan.context_columns, findings);
  for (const ProtectedColumn& column : root.columns) {
    if (column.key_columns.empty()) continue;
    AddPlain(leaf, column.key_columns, "KEY_COLUMN_GONE", "rows by it", &plan.row_key, findings);
    break;  // all have the same, or that is a finding of the root
  }
  AddCipherColumns(&leaf, findings);
  if (plan.columns.empty()) return std::nullopt;
  CheckShared(leaf, findings);
  AddScanKey(&leaf);
  return leaf;
}

std::optional<ColumnPlace> LeadingColumn(const LeafPlan& leaf) {
  if (leaf.plan.scan_key.empty()) return std::nullopt;
  return ColumnPlace{leaf.plan.relation,
                     FindColumn(*leaf.facts, leaf.plan.scan_key[0].name)->number};
}

ScanOrder OrderOf(bool has_key, std::optional<double> correlation, int server_version) {
  if (!has_key) return ScanOrder::kPlace;
  const bool follows = !correlation || std::abs(*correlation) >= kLeastCorrelation;
  return follows || server_version < kReadsByPlace ? ScanOrder::kKey : ScanOrder::kPlace;
}

}  // namespace fieldkms::rotation
