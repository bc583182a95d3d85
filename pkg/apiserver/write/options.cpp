#include "pkg/apiserver/write/options.h"

#include <algorithm>

namespace gantry::apiserver {
namespace {

constexpr size_t kManagerMax = 128;

bool is_printable(std::string_view text) {
  return std::ranges::all_of(
      text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

void read_manager(const RequestInfo& info, const std::string& user_agent, WriteVerb verb,
                  WriteOptions& options, std::vector<Cause>& causes) {
  options.manager = info.query("fieldManager");
  if (options.manager.empty() && verb == WriteVerb::apply)
    causes.push_back(
        {"FieldValueRequired", "Required value: is required for apply patch", "fieldManager"});
  if (options.manager.size() > kManagerMax)
    causes.push_back(
        {"FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager"});
  if (!is_printable(options.manager))
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: should only contain printable characters", "fieldManager"});
  if (!options.manager.empty()) return;
  options.manager = user_agent.substr(0, user_agent.find('/')).substr(0, kManagerMax);
  std::erase_if(options.manager, [](char c) { return !is_printable({&c, 1}); });
  if (options.manager.empty()) options.manager = "unknown";
}

void read_validation(const RequestInfo& info, WriteOptions& options, std::vector<Cause>& causes) {
  const auto text = info.query("fieldValidation");
  if (text == "Ignore") options.validation = FieldValidation::ignore;
  if (text == "Warn") options.validation = FieldValidation::warn;
  if (!text.empty() && text != "Ignore" && text != "Warn" && text != "Strict")
    causes.push_back(not_supported("fieldValidation", text, "\"Ignore\", \"Strict\", \"Warn\""));
}

}  // namespace

Cause not_supported(const std::string& field, const std::string& value,
                    const std::string& supported) {
  return {"FieldValueNotSupported",
          "Unsupported value: \"" + value + "\": supported values: " + supported, field};
}

ApiError invalid_options(const std::string& kind, std::vector<Cause> causes) {
  RequestInfo about;
  about.group = "meta.k8s.io";
  return invalid_object(about, kind, "", std::move(causes));
}

std::optional<ApiError> read_write_options(const RequestInfo& info, const std::string& user_agent,
                                           WriteVerb verb, WriteOptions& options) {
  std::vector<Cause> causes;
  read_manager(info, user_agent, verb, options, causes);
  read_validation(info, options, causes);
  const auto dry_run = info.query("dryRun");
  options.dry_run = dry_run == "All";
  if (!dry_run.empty() && !options.dry_run)
    causes.push_back(not_supported("dryRun", dry_run, "\"All\""));
  const bool forced = info.target.find("force").has_value();
  if (forced && verb == WriteVerb::patch)
    causes.push_back(
        {"FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force"});
  options.force = info.query_bool("force");
  if (causes.empty()) return std::nullopt;
  const bool create = verb == WriteVerb::create;
  return invalid_options(create                      ? "CreateOptions"
                         : verb == WriteVerb::update ? "UpdateOptions"
                                                     : "PatchOptions",
                         std::move(causes));
}

}  // namespace gantry::apiserver
