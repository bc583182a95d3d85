#include <algorithm>

#include "pkg/base/check.h"
#include "pkg/diagnose/catalogue_text.h"
#include "pkg/diagnose/diagnose.h"
#include "pkg/schema/json.h"

namespace gantry::diagnose {
namespace {

Tier parse_tier(const std::string& letter) {
  if (letter == "A") return Tier::automatic;
  if (letter == "G") return Tier::guarded;
  if (letter == "H") return Tier::human;
  GANTRY_CHECK(letter == "P");
  return Tier::prevented;
}

Failure parse_failure(const Json& row) {
  Failure failure;
  failure.code = row.string_or("code", "");
  failure.family = row.string_or("family", "");
  failure.tier = parse_tier(row.string_or("tier", ""));
  failure.title = row.string_or("title", "");
  failure.condition = row.string_or("condition", "");
  failure.reason = row.string_or("reason", "");
  failure.message = row.string_or("message", "");
  failure.detect = row.string_or("detect", "");
  failure.repair = row.string_or("repair", "");
  failure.not_yet = row.string_or("notYet", "");
  if (const Json* more = row.find("alsoReasons"); more != nullptr) {
    for (const auto& reason : more->as_array()) failure.also_reasons.push_back(reason.as_string());
  }
  return failure;
}

// The text is part of the program: what is wrong with it is a bug.
std::vector<Failure> parse_catalogue() {
  const auto document = schema::parse_json(kCatalogueText);
  GANTRY_CHECK(document.ok());
  std::vector<Failure> failures;
  for (const auto& row : document->find("failures")->as_array()) {
    failures.push_back(parse_failure(row));
  }
  return failures;
}

}  // namespace

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::automatic:
      return "automatic";
    case Tier::guarded:
      return "guarded";
    case Tier::human:
      return "human";
    case Tier::prevented:
      return "prevented";
  }
  return "human";
}

const std::vector<Failure>& catalogue() {
  static const std::vector<Failure> failures = parse_catalogue();
  return failures;
}

const Failure* find(std::string_view code) {
  const auto found = std::ranges::find(catalogue(), code, &Failure::code);
  return found == catalogue().end() ? nullptr : &*found;
}

}  // namespace gantry::diagnose
