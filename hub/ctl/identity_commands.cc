// identity resolve: the hub's resolver over any table of people.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <regex>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/struct.pb.h"
#include "hub/base/digest.h"
#include "hub/base/errors.h"
#include "hub/base/status_macros.h"
#include "hub/ctl/arguments.h"
#include "hub/ctl/commands.h"
#include "hub/ctl/csv_file.h"
#include "hub/ctl/printing.h"
#include "hub/ctl/progress.h"
#include "hub/identity/linkage.h"
#include "hub/identity/memory_tables.h"
#include "hub/identity/model_file.h"
#include "hub/identity/training.h"
#include "hub/model/yaml_reader.h"

namespace anqiao::ctl {
namespace {

using identity::Attribute;
using identity::AttributeKind;
using identity::Model;
using identity::Schema;

struct ResolveArguments {
  std::string file, columns, out, reviews, model, save_model, truth, truth_pattern;
  std::string encoding = "utf-8";
  bool train = false;
  std::optional<std::uint64_t> shuffle;
};

// Which column is what.
struct ColumnMap {
  std::string record;  // column of the record's key; empty: the first one
  Schema schema;       // named by column
};

absl::Status ReadColumn(const std::string& column, const model::YamlNode& node, ColumnMap& map) {
  Attribute attribute;
  attribute.name = column;
  std::string kind, format;
  if (node.is_scalar()) {
    AQ_ASSIGN_OR_RETURN(kind, node.Text());
  } else {
    AQ_ASSIGN_OR_RETURN(const auto keys, node.Keys({"kind"}, {"format"}));
    AQ_ASSIGN_OR_RETURN(kind, keys.at("kind").Text());
    if (const auto at = keys.find("format"); at != keys.end()) {
      AQ_ASSIGN_OR_RETURN(format, at->second.Text());
    }
  }
  const std::optional<AttributeKind> parsed = identity::ParseAttributeKind(kind);
  if (!parsed.has_value()) {
    return node.Wrong(
        absl::StrCat("unknown kind ", kind,
                     ": name, given_name, surname, birth_date, national_id, "
                     "identifier, issued_number, phone, address, division, sex or other"));
  }
  attribute.kind = *parsed;
  // "%d/%m/%Y", "DD.MM.YYYY", "YYYYMMDD": the order of the parts is what matters.
  for (const char c : absl::AsciiStrToUpper(format)) {
    if ((c == 'Y' || c == 'M' || c == 'D') && attribute.date_order.find(c) == std::string::npos) {
      attribute.date_order.push_back(c);
    }
  }
  if (!format.empty() &&
      (attribute.kind != AttributeKind::kBirthDate || attribute.date_order.size() != 3)) {
    return node.Wrong(
        "a format belongs to a birth_date and names year, month and day, such as "
        "YYYYMMDD or DD/MM/YYYY");
  }
  map.schema.push_back(std::move(attribute));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadSmallFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  std::string bytes(model::kFileBytesMax + 1, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

absl::StatusOr<ColumnMap> ReadColumnMap(const std::string& path, const CsvFile& table) {
  AQ_ASSIGN_OR_RETURN(const std::string bytes, ReadSmallFile(path));
  AQ_ASSIGN_OR_RETURN(const model::YamlNode node,
                      model::YamlNode::Parse(path, bytes, reason::kValueInvalid));
  AQ_ASSIGN_OR_RETURN(const auto keys, node.Keys({"columns"}, {"record"}));
  ColumnMap map;
  map.record = table.titles.front();
  if (const auto at = keys.find("record"); at != keys.end()) {
    AQ_ASSIGN_OR_RETURN(map.record, at->second.Text());
    if (!table.Column(map.record).has_value()) {
      return at->second.Wrong(absl::StrCat("the file has no column ", map.record));
    }
  }
  AQ_ASSIGN_OR_RETURN(const auto columns, keys.at("columns").AnyKeys(identity::kAttributesMax));
  // In the order of the file, so that the order of the map does not matter.
  for (const std::string& title : table.titles) {
    if (const auto at = columns.find(title); at != columns.end()) {
      AQ_RETURN_IF_ERROR(ReadColumn(title, at->second, map));
    }
  }
  for (const auto& [column, each] : columns) {
    if (!table.Column(column).has_value()) {
      // A file without titles has somebody's data there: not told.
      return each.Wrong(absl::StrCat("the file has no column ", column, " among the ",
                                     table.titles.size(), " titles of its first line"));
    }
  }
  if (const absl::Status status = identity::CheckSchema(map.schema); !status.ok()) {
    return keys.at("columns").Wrong(status.message());
  }
  return map;
}

// For each attribute of the model the column that holds it.
absl::StatusOr<std::vector<std::optional<std::size_t>>> MatchColumns(const Model& model,
                                                                     const Schema& columns) {
  std::vector<std::optional<std::size_t>> places(model.schema.size());
  for (std::size_t column = 0; column < columns.size(); ++column) {
    const Attribute& wanted = columns[column];
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < model.schema.size(); ++i) {
      if (places[i].has_value() || model.schema[i].kind != wanted.kind) continue;
      const bool named = model.schema[i].name == wanted.name;
      // Of several of a kind it is told by the name; of addresses else by their order.
      const bool several =
          wanted.kind == AttributeKind::kOther || wanted.kind == AttributeKind::kIdentifier;
      if (named || (!several && !found.has_value())) found = i;
      if (named) break;
    }
    if (!found.has_value()) {
      return UsageError(absl::StrCat(
          "model ", model.version, " knows no ", identity::AttributeKindName(wanted.kind),
          " like column ", wanted.name, ": leave the column out, or learn a model with --train"));
    }
    places[*found] = column;
  }
  return places;
}

// What the first group of "pattern" finds in "cell"; empty if the cell does not match.
absl::StatusOr<std::string> FirstGroup(const std::regex& pattern, const std::string& cell) {
  // The library's matcher takes stack for each character.
  constexpr std::size_t kBytesMax = 256;
  std::smatch match;
  try {
    if (cell.size() > kBytesMax) {
      return UsageError(
          absl::StrCat("--truth-pattern: a cell has more than ", kBytesMax, " bytes"));
    }
    return std::regex_search(cell, match, pattern) ? std::string(match[1]) : std::string();
  } catch (const std::regex_error&) {
    return UsageError("--truth-pattern takes too long to match");
  }
}

struct People {
  std::vector<identity::TrainingRecord> records;
  std::vector<std::string> truth;
};

absl::StatusOr<People> ReadPeople(const CsvFile& table, const ColumnMap& map,
                                  const ResolveArguments& arguments, Context& context) {
  const std::size_t record = *table.Column(map.record);
  std::optional<std::size_t> truth;
  std::regex pattern;
  if (!arguments.truth.empty()) {
    truth = table.Column(arguments.truth);
    if (!truth.has_value()) {
      return UsageError(absl::StrCat("--truth: the file has no column ", arguments.truth));
    }
  }
  if (!arguments.truth_pattern.empty()) {
    try {
      pattern = std::regex(arguments.truth_pattern);
    } catch (const std::regex_error&) {
      return UsageError("--truth-pattern is not a regular expression");
    }
    if (pattern.mark_count() < 1) {
      return UsageError("--truth-pattern has no group in parentheses");
    }
  }
  std::vector<std::size_t> columns;
  for (const Attribute& attribute : map.schema) columns.push_back(*table.Column(attribute.name));
  People people;
  std::set<std::string> keys;
  ProgressBar progress(context.err, context.show_progress, "reading");
  for (const std::vector<std::string>& row : table.rows) {
    identity::TrainingRecord made;
    made.key = std::string(absl::StripAsciiWhitespace(row[record]));
    if (made.key.empty() || !keys.insert(made.key).second) {
      return Error(absl::StatusCode::kInvalidArgument,
                   made.key.empty() ? reason::kMissingValue : reason::kDuplicateRecord,
                   absl::StrCat("record ", people.records.size() + 1, " of ", arguments.file,
                                ": column ", map.record,
                                made.key.empty() ? " is empty" : " has the key of an earlier one"));
    }
    for (std::size_t i = 0; i < map.schema.size(); ++i) {
      made.profile.push_back(identity::NormalizeValue(map.schema[i], row[columns[i]]));
    }
    made.profile =
        identity::MakeProfile(map.schema, identity::ShippedStopList(), std::move(made.profile));
    people.records.push_back(std::move(made));
    if (truth.has_value()) {
      std::string person(absl::StripAsciiWhitespace(row[*truth]));
      if (!arguments.truth_pattern.empty()) {
        AQ_ASSIGN_OR_RETURN(person, FirstGroup(pattern, person));
      }
      people.truth.push_back(std::move(person));
    }
    progress.Update(people.records.size(), table.rows.size(), "records");
  }
  return people;
}

absl::StatusOr<Model> ChooseModel(const ResolveArguments& arguments, const ColumnMap& map,
                                  People& people, Context& context) {
  Model model = identity::ShippedModel();
  if (!arguments.model.empty()) {
    AQ_ASSIGN_OR_RETURN(const std::string bytes, ReadSmallFile(arguments.model));
    AQ_ASSIGN_OR_RETURN(model, identity::ParseModel(arguments.model, bytes));
  }
  if (arguments.train) {
    Model base;
    base.schema = map.schema;
    base.recipes = identity::DefaultRecipes(base.schema);
    base.link = model.link;
    base.review = model.review;
    if (context.show_progress) {
      context.err << "learning from " << people.records.size() << " records\n";
    }
    AQ_ASSIGN_OR_RETURN(Model trained, identity::Train(base, people.records));
    trained.version =
        absl::StrCat("trained-", Hex(Sha256(identity::FormatModel(trained, ""))).substr(0, 12));
    return trained;
  }
  AQ_ASSIGN_OR_RETURN(const auto places, MatchColumns(model, map.schema));
  for (identity::TrainingRecord& record : people.records) {
    identity::Profile profile(model.schema.size());
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (places[i].has_value()) profile[i] = std::move(record.profile[*places[i]]);
    }
    identity::CompleteProfile(model.schema, profile);
    record.profile = std::move(profile);
  }
  return identity::SizedFor(std::move(model), people.records.size());
}

struct Measure {
  double right = 0, found = 0, true_pairs = 0;

  double precision() const { return found > 0 ? right / found : 1; }
  double recall() const { return true_pairs > 0 ? right / true_pairs : 1; }
  double f1() const { return found + true_pairs > 0 ? 2 * right / (found + true_pairs) : 1; }
};

double Pairs(double count) { return count * (count - 1) / 2; }

struct Outcome {
  std::string model;
  std::size_t records = 0, clusters = 0, reviews = 0;
  std::optional<Measure> by_pairs, by_clusters;
};

// What came out of resolving, for the records in the order of the file.
struct Resolution {
  std::vector<identity::RecordId> ids;
  // Key of the first record, in the order of keys, of the same person.
  std::vector<std::string> clusters;
  std::vector<identity::Review> reviews;
  bool compared = false;
};

absl::StatusOr<Resolution> ResolveRecords(identity::Linkage& linkage, const People& people,
                                          const std::vector<std::size_t>& order, Context& context) {
  Resolution resolution;
  resolution.ids.resize(order.size());
  std::vector<identity::RecordId> ids;
  {
    ProgressBar progress(context.err, context.show_progress, "resolving");
    for (const std::size_t i : order) {
      ids.push_back(ids.size() + 1);
      resolution.ids[i] = ids.back();
      AQ_RETURN_IF_ERROR(
          linkage.Put(ids.back(), people.records[i].key, people.records[i].profile).status());
      progress.Update(ids.size(), order.size(), "records");
    }
  }
  std::map<identity::RecordId, std::string> first_keys;
  std::vector<identity::RecordId> clusters;
  for (std::size_t i = 0; i < order.size(); ++i) {
    AQ_ASSIGN_OR_RETURN(const identity::RecordId cluster, linkage.ClusterOf(resolution.ids[i]));
    clusters.push_back(cluster);
    const auto [at, inserted] = first_keys.emplace(cluster, people.records[i].key);
    if (!inserted) at->second = std::min(at->second, people.records[i].key);
  }
  for (const identity::RecordId cluster : clusters) {
    resolution.clusters.push_back(first_keys[cluster]);
  }
  AQ_ASSIGN_OR_RETURN(resolution.reviews, linkage.Reviews(ids));
  resolution.compared = linkage.comparisons() > 0;
  return resolution;
}

absl::Status Evaluate(const identity::Linkage& linkage, const Model& model, const People& people,
                      const Resolution& resolution, Outcome& outcome) {
  std::map<std::string, double> person, cluster;
  std::map<std::pair<std::string, std::string>, double> both;
  std::map<std::string, std::string> truth;
  for (std::size_t i = 0; i < people.records.size(); ++i) {
    // Of whom nobody knows who they are, nothing is right or wrong.
    if (people.truth[i].empty()) continue;
    truth[people.records[i].key] = people.truth[i];
    ++person[people.truth[i]];
    ++cluster[resolution.clusters[i]];
    ++both[{resolution.clusters[i], people.truth[i]}];
  }
  Measure clusters;
  for (const auto& [name, count] : person) clusters.true_pairs += Pairs(count);
  for (const auto& [name, count] : cluster) clusters.found += Pairs(count);
  for (const auto& [name, count] : both) clusters.right += Pairs(count);
  Measure pairs;
  pairs.true_pairs = clusters.true_pairs;
  for (std::size_t i = 0; i < people.records.size(); ++i) {
    if (people.truth[i].empty()) continue;
    AQ_ASSIGN_OR_RETURN(const std::vector<identity::Neighbour> neighbours,
                        linkage.NeighboursOf(resolution.ids[i]));
    for (const identity::Neighbour& neighbour : neighbours) {
      if (neighbour.key < people.records[i].key || neighbour.score.total < model.link ||
          !truth.contains(neighbour.key)) {
        continue;
      }
      ++pairs.found;
      if (truth[neighbour.key] == people.truth[i]) ++pairs.right;
    }
  }
  outcome.by_pairs = pairs;
  outcome.by_clusters = clusters;
  return absl::OkStatus();
}

// A file that takes the place of another only when it is whole. What is no file, such as a pipe, is
// written to as it is.
class OutFile {
 public:
  static absl::StatusOr<std::unique_ptr<OutFile>> Open(const std::string& path) {
    std::error_code error;
    const auto type = std::filesystem::status(path, error).type();
    const bool whole = type == std::filesystem::file_type::regular ||
                       type == std::filesystem::file_type::not_found;
    auto file = std::make_unique<OutFile>(path, whole ? path + ".unfinished" : "");
    if (!file->out_) {
      return Error(absl::StatusCode::kInvalidArgument, reason::kValueInvalid,
                   absl::StrCat("cannot write ", path));
    }
    return file;
  }
  OutFile(const std::string& path, const std::string& unfinished)
      : path_(path),
        unfinished_(unfinished),
        out_(unfinished.empty() ? path : unfinished, std::ios::binary | std::ios::trunc) {}
  ~OutFile() {
    std::error_code error;
    if (!unfinished_.empty()) std::filesystem::remove(unfinished_, error);
  }
  OutFile(const OutFile&) = delete;
  OutFile& operator=(const OutFile&) = delete;

  std::ostream& stream() { return out_; }
  absl::Status Finish() {
    out_.close();
    std::error_code error;
    if (out_ && !unfinished_.empty()) std::filesystem::rename(unfinished_, path_, error);
    if (!out_ || error) return absl::UnavailableError(absl::StrCat("cannot write ", path_));
    unfinished_.clear();
    return absl::OkStatus();
  }

 private:
  const std::string path_;
  std::string unfinished_;
  std::ofstream out_;
};

// Nothing that is read is written over.
absl::Status CheckDistinct(const ResolveArguments& arguments) {
  const std::pair<const char*, const std::string*> written[] = {
      {"--out", &arguments.out},
      {"--reviews", &arguments.reviews},
      {"--save-model", &arguments.save_model}};
  std::set<std::string> taken;
  const auto canonical = [](const std::string& path) {
    std::error_code error;
    const auto whole = std::filesystem::weakly_canonical(path, error);
    return error ? path : whole.string();
  };
  for (const std::string* read : {&arguments.file, &arguments.columns, &arguments.model}) {
    if (!read->empty()) taken.insert(canonical(*read));
  }
  for (const auto& [option, path] : written) {
    if (!path->empty() && !taken.insert(canonical(*path)).second) {
      return UsageError(absl::StrCat(option, " names a file that is used otherwise"));
    }
  }
  return absl::OkStatus();
}

absl::Status WriteClusters(std::ostream& out, const identity::Linkage& linkage,
                           const People& people, const Resolution& resolution,
                           const std::set<std::string>& in_review) {
  out << "rec_id,cluster,score,review\n";
  for (std::size_t i = 0; i < people.records.size(); ++i) {
    const std::string& key = people.records[i].key;
    AQ_ASSIGN_OR_RETURN(const std::optional<identity::Weight> strength,
                        linkage.StrengthOf(resolution.ids[i]));
    out << CsvCell(key) << ',' << CsvCell(resolution.clusters[i]) << ','
        << (strength.has_value() ? absl::StrFormat("%.3f", *strength / double{identity::kBit}) : "")
        << ',' << (in_review.contains(key) ? 1 : 0) << '\n';
  }
  return absl::OkStatus();
}

// Beside whom each record in review should be looked at, and why it was not linked.
void WriteReviews(std::ostream& out, const Model& model,
                  const std::vector<identity::Review>& reviews) {
  out << "rec_id,beside,score,why\n";
  for (const identity::Review& review : reviews) {
    out << CsvCell(review.key) << ',' << CsvCell(review.other) << ','
        << absl::StrFormat("%.3f", review.score.total / double{identity::kBit}) << ','
        << identity::ReviewReason(model, review.score) << '\n';
  }
}

absl::Status Print(Context& context, const Outcome& outcome) {
  const double share = outcome.records > 0 ? 100 * static_cast<double>(outcome.reviews) /
                                                 static_cast<double>(outcome.records)
                                           : 0;
  if (context.json) {
    google::protobuf::Struct report;
    auto& fields = *report.mutable_fields();
    fields["model"].set_string_value(outcome.model);
    fields["records"].set_number_value(static_cast<double>(outcome.records));
    fields["clusters"].set_number_value(static_cast<double>(outcome.clusters));
    fields["reviews"].set_number_value(static_cast<double>(outcome.reviews));
    const auto add = [&](const char* name, const std::optional<Measure>& measure) {
      if (!measure.has_value()) return;
      auto& inner = *fields[name].mutable_struct_value()->mutable_fields();
      inner["precision"].set_number_value(measure->precision());
      inner["recall"].set_number_value(measure->recall());
      inner["f1"].set_number_value(measure->f1());
    };
    add("pairs", outcome.by_pairs);
    add("clusterPairs", outcome.by_clusters);
    return PrintJson(context.out, report);
  }
  std::vector<std::pair<std::string, std::string>> lines = {
      {"模型 model", outcome.model},
      {"记录 records", absl::StrCat(outcome.records)},
      {"人 people", absl::StrCat(outcome.clusters)},
      {"待核 to review", absl::StrFormat("%d (%.2f %%)", outcome.reviews, share)}};
  const auto add = [&](const char* name, const std::optional<Measure>& measure) {
    if (!measure.has_value()) return;
    lines.emplace_back(name,
                       absl::StrFormat("precision %.5f  recall %.5f  F1 %.5f", measure->precision(),
                                       measure->recall(), measure->f1()));
  };
  add("直接配对 linked pairs", outcome.by_pairs);
  add("同组配对 cluster pairs", outcome.by_clusters);
  PrintPairs(context.out, lines);
  return absl::OkStatus();
}

absl::StatusOr<ExitCode> Resolve(Context& context, const ResolveArguments& arguments) {
  if (arguments.train && !arguments.model.empty()) {
    return UsageError("--train learns a model from the file itself: leave --model out");
  }
  AQ_RETURN_IF_ERROR(CheckDistinct(arguments));
  if (!arguments.save_model.empty() && !arguments.train) {
    return UsageError("--save-model needs --train");
  }
  if (!arguments.truth_pattern.empty() && arguments.truth.empty()) {
    return UsageError("--truth-pattern needs --truth");
  }
  AQ_ASSIGN_OR_RETURN(const CsvFile table, ReadCsv(arguments.file, arguments.encoding));
  if (table.replaced > 0) {
    context.err << "note: " << table.replaced << " characters of " << arguments.file
                << " are none of " << arguments.encoding << "\n";
  }
  AQ_ASSIGN_OR_RETURN(const ColumnMap map, ReadColumnMap(arguments.columns, table));
  // Opened first: a wrong path is told before the work.
  AQ_ASSIGN_OR_RETURN(const std::unique_ptr<OutFile> clusters_file, OutFile::Open(arguments.out));
  std::unique_ptr<OutFile> reviews_file, model_file;
  if (!arguments.reviews.empty()) {
    AQ_ASSIGN_OR_RETURN(reviews_file, OutFile::Open(arguments.reviews));
  }
  if (!arguments.save_model.empty()) {
    AQ_ASSIGN_OR_RETURN(model_file, OutFile::Open(arguments.save_model));
  }
  AQ_ASSIGN_OR_RETURN(People people, ReadPeople(table, map, arguments, context));
  AQ_ASSIGN_OR_RETURN(const Model model, ChooseModel(arguments, map, people, context));
  if (model_file != nullptr) {
    const std::string text = identity::FormatModel(
        model, absl::StrCat("learned from ", people.records.size(), " records"));
    // What is written can be read again.
    AQ_RETURN_IF_ERROR(identity::ParseModel(arguments.save_model, text).status());
    model_file->stream() << text;
    AQ_RETURN_IF_ERROR(model_file->Finish());
  }
  std::vector<std::size_t> order(people.records.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  if (arguments.shuffle.has_value()) {
    std::mt19937_64 random(*arguments.shuffle);
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  }
  identity::MemoryTables tables;
  identity::Linkage linkage(model, tables);
  AQ_ASSIGN_OR_RETURN(const Resolution resolution, ResolveRecords(linkage, people, order, context));
  Outcome outcome;
  outcome.model = model.version;
  outcome.records = people.records.size();
  std::set<std::string> in_review;
  for (const identity::Review& review : resolution.reviews) in_review.insert(review.key);
  outcome.reviews = in_review.size();
  outcome.clusters =
      std::set<std::string>(resolution.clusters.begin(), resolution.clusters.end()).size();
  if (!resolution.compared) {
    context.err << "note: no two records share a key, so that none were compared; more columns in "
                << arguments.columns << " would help\n";
  }
  AQ_RETURN_IF_ERROR(
      WriteClusters(clusters_file->stream(), linkage, people, resolution, in_review));
  AQ_RETURN_IF_ERROR(clusters_file->Finish());
  if (reviews_file != nullptr) {
    WriteReviews(reviews_file->stream(), model, resolution.reviews);
    AQ_RETURN_IF_ERROR(reviews_file->Finish());
  }
  if (!arguments.truth.empty()) {
    AQ_RETURN_IF_ERROR(Evaluate(linkage, model, people, resolution, outcome));
  }
  AQ_RETURN_IF_ERROR(Print(context, outcome));
  return kExitOk;
}

}  // namespace

void AddIdentityCommands(CLI::App& app, Action& chosen) {
  CLI::App* group = app.add_subcommand("identity", "Who is who");
  group->require_subcommand(1);
  auto arguments = std::make_shared<ResolveArguments>();
  CLI::App* resolve = group->add_subcommand(
      "resolve", "Finds the records of a table that are about one person; offline");
  resolve->footer(
      "The file that --columns names:\n"
      "  record: rec_id\n"
      "  columns:\n"
      "    name: name\n"
      "    birth_date: {kind: birth_date, format: YYYYMMDD}\n"
      "    id_no: national_id\n"
      "Kinds: name, given_name, surname, birth_date, national_id, identifier, issued_number, "
      "phone,\n"
      "address, division, sex, other. More in hub/doc/identity.md.\n");
  resolve->add_option("file", arguments->file, "Table of people, CSV with a title row")->required();
  resolve->add_option("--columns", arguments->columns, "YAML file that says which column is what")
      ->required();
  resolve->add_option("--out", arguments->out, "Where to write rec_id,cluster,score,review")
      ->required();
  resolve->add_option("--reviews", arguments->reviews,
                      "Where to write beside whom a record should be looked at, and why");
  resolve->add_flag("--train", arguments->train,
                    "Learn a model from the file itself, without being told who is who");
  resolve->add_option(
      "--model", arguments->model,
      "Model file; without it and --train, the one for Chinese registers that ships");
  resolve->add_option("--save-model", arguments->save_model, "Where to write the learned model");
  resolve->add_option("--truth", arguments->truth,
                      "Column that says who it is: prints precision, recall and F1");
  resolve->add_option("--truth-pattern", arguments->truth_pattern,
                      "Regular expression whose first group is the person in that column");
  resolve->add_option("--encoding", arguments->encoding, "Encoding of the file, such as gb18030")
      ->capture_default_str();
  resolve->add_option("--shuffle", arguments->shuffle,
                      "Let the records arrive in the order that this number draws");
  OnChosen(resolve, chosen, std::move(arguments), Resolve);
  AddIdentityReviewCommands(group, chosen);
}

}  // namespace anqiao::ctl
