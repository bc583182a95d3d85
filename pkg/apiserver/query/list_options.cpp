#include "pkg/apiserver/query/list_options.h"

#include <algorithm>
#include <charconv>

#include "pkg/base/text.h"

namespace gantry::apiserver {
namespace {

using std::chrono::seconds;

// Clients ask for 5 to 10 minutes; without a wish the stream is closed after this.
constexpr seconds kDefaultTimeout{1800};
constexpr seconds kLongestTimeout{24 * 3600};

// Why a text is no revision, as Go says it; empty when it is one.
std::string why_no_revision(const std::string& text) {
  uint64_t value = 0;
  const auto* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, value);
  if (failed == std::errc::result_out_of_range) return "value out of range";
  if (failed != std::errc() || rest != end) return "invalid syntax";
  return value > uint64_t{INT64_MAX} ? "value out of range" : "";
}

std::optional<ApiError> read_revision(const RequestInfo& info, int64_t& revision) {
  const auto text = info.query("resourceVersion");
  if (text.empty()) return std::nullopt;
  if (const auto why = why_no_revision(text); !why.empty())
    return bad_request("invalid resource version: resourceVersion: Invalid value: \"" + text +
                       "\": strconv.ParseUint: parsing \"" + text + "\": " + why);
  revision = *parse_integer(text);
  return std::nullopt;
}

// Collects what does not go together.
class Problems {
 public:
  void forbid(std::string field, std::string why) {
    causes_.push_back({"FieldValueForbidden", "Forbidden: " + std::move(why), std::move(field)});
  }
  void not_supported(std::string field, const std::string& value, const std::string& supported) {
    causes_.push_back({"FieldValueNotSupported",
                       "Unsupported value: \"" + value + "\": supported values: " + supported,
                       std::move(field)});
  }
  std::optional<ApiError> error() {
    if (causes_.empty()) return std::nullopt;
    RequestInfo info;
    info.group = "meta.k8s.io";
    return invalid_object(info, "ListOptions", "", std::move(causes_));
  }

 private:
  std::vector<Cause> causes_;
};

std::optional<ApiError> check_list(const RequestInfo& info) {
  Problems problems;
  const auto match = info.query("resourceVersionMatch");
  const auto revision = info.query("resourceVersion");
  if (!match.empty()) {
    const std::string field = "resourceVersionMatch";
    if (revision.empty())
      problems.forbid(field,
                      "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (!info.query("continue").empty())
      problems.forbid(field, "resourceVersionMatch is forbidden when continue is provided");
    if (match != "Exact" && match != "NotOlderThan")
      problems.not_supported(field, match, R"("Exact", "NotOlderThan", "")");
    if (match == "Exact" && revision == "0")
      problems.forbid(field,
                      "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"");
  }
  if (!info.query("sendInitialEvents").empty())
    problems.forbid("sendInitialEvents", "sendInitialEvents is forbidden for list");
  return problems.error();
}

std::optional<ApiError> check_watch(const RequestInfo& info) {
  Problems problems;
  const auto match = info.query("resourceVersionMatch");
  const bool initial = !info.query("sendInitialEvents").empty();
  const std::string field = "resourceVersionMatch";
  if (initial && match != "NotOlderThan")
    problems.forbid(field,
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
  if (!match.empty() && !initial)
    problems.forbid(
        field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
  if (!match.empty() && match != "NotOlderThan" && !initial)
    problems.not_supported(field, match, R"("NotOlderThan")");
  if (!match.empty() && !info.query("continue").empty())
    problems.forbid(field, "resourceVersionMatch is forbidden when continue is provided");
  return problems.error();
}

std::optional<ApiError> read_number(const RequestInfo& info, const std::string& name,
                                    int64_t& number) {
  const auto text = info.query(name);
  if (text.empty()) return std::nullopt;
  const auto value = parse_integer(text);
  if (!value)
    return bad_request("strconv.ParseInt: parsing \"" + text + "\": invalid syntax (" + name + ")");
  number = *value;
  return std::nullopt;
}

std::optional<ApiError> read_continue(const RequestInfo& info, const ContinueTokens& tokens,
                                      ListOptions& options) {
  const auto text = info.query("continue");
  if (text.empty()) return std::nullopt;
  const auto revision = info.query("resourceVersion");
  if (!revision.empty() && revision != "0")
    return bad_request("specifying resource version is not allowed when using continue");
  const auto token = tokens.decode(text, options.list);
  if (!token.ok()) return bad_request("invalid continue token: " + message_of(token.status()));
  options.part.after = token->after;
  const bool current = token->revision == ContinueToken::kInconsistent;
  options.as_of = current ? ListOptions::AsOf::newest : ListOptions::AsOf::exact;
  options.revision = current ? 0 : token->revision;
  return std::nullopt;
}

ApiError expired_error(std::string message) {
  ApiError error;
  error.code = 410;
  error.reason = "Expired";
  error.message = std::move(message);
  return error;
}

}  // namespace

std::optional<ApiError> read_list_options(const RequestInfo& info, const ContinueTokens& tokens,
                                          ListOptions& options) {
  if (auto wrong = check_list(info)) return wrong;
  if (auto wrong = read_revision(info, options.revision)) return wrong;
  int64_t limit = 0;
  if (auto wrong = read_number(info, "limit", limit)) return wrong;
  options.part.limit = static_cast<size_t>(std::max<int64_t>(limit, 0));
  options.list = info.resource() + "\n" + info.ns + "\n" + info.query("labelSelector") + "\n" +
                 info.query("fieldSelector");
  if (!info.query("continue").empty()) return read_continue(info, tokens, options);
  if (options.revision == 0) return std::nullopt;
  const auto match = info.query("resourceVersionMatch");
  // A limited list at a version has always meant that version.
  const bool exact = match == "Exact" || (match.empty() && limit > 0);
  options.as_of = exact ? ListOptions::AsOf::exact : ListOptions::AsOf::not_older;
  return std::nullopt;
}

std::optional<ApiError> read_watch_options(const RequestInfo& info, WatchOptions& options) {
  if (auto wrong = check_watch(info)) return wrong;
  int64_t revision = 0;
  if (auto wrong = read_revision(info, revision)) return wrong;
  int64_t timeout = 0;
  if (auto wrong = read_number(info, "timeoutSeconds", timeout)) return wrong;
  const auto wished =
      timeout > 0 ? seconds(std::min(timeout, kLongestTimeout.count())) : kDefaultTimeout;
  options.timeout = wished;
  options.bookmarks = info.query_bool("allowWatchBookmarks");
  const auto initial = info.query("sendInitialEvents");
  const bool from_now = initial == "false" || (initial.empty() && revision > 0);
  options.current_state = !from_now;
  if (from_now) {
    if (revision > 0) options.revision = revision;
    return std::nullopt;
  }
  options.initial_events_end = options.bookmarks;
  if (revision > 0) options.not_older = revision;
  return std::nullopt;
}

ApiError too_large_revision(int64_t wanted, int64_t current) {
  ApiError error;
  error.code = 504;
  error.reason = "Timeout";
  error.message =
      absl::StrFormat("Timeout: Too large resource version: %d, current: %d", wanted, current);
  error.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", ""});
  error.retry_after_seconds = 1;
  return error;
}

ApiError list_expired() {
  return expired_error("The resourceVersion for the provided list is too old.");
}

ApiError continue_expired(std::string token) {
  auto error = expired_error(
      "The provided continue parameter is too old to display a consistent list result. You can "
      "start a new list without the continue parameter, or use the continue token in this response "
      "to retrieve the remainder of the results. Continuing with the provided token results in an "
      "inconsistent list - objects that were created, modified, or deleted between the time the "
      "first chunk was returned and now may show up in the list.");
  error.continue_token = std::move(token);
  return error;
}

}  // namespace gantry::apiserver
