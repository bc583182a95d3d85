#include "pkg/pve/errors.h"
#include "pkg/pve/http/decode.h"
#include "pkg/pve/http/session.h"
#include "pkg/schema/json.h"

namespace gantry::pve {
namespace {

FailedAnswer failed_answer(const http::Response& response, const Result<Json>& body, bool write) {
  FailedAnswer answer;
  answer.status = response.status;
  answer.write = write;
  // The body's message is complete, but servers before 8.3 have it in the reason phrase only, and
  // 401, 501, 506, 595 and 596 have no JSON at all.
  answer.text = response.reason;
  if (!body.ok()) return answer;
  if (const auto* message = body->find("message"); message != nullptr && message->is_string())
    answer.text = message->as_string();
  if (const auto* errors = body->find("errors"); errors != nullptr && errors->is_object())
    for (const auto& [name, problem] : errors->as_object())
      answer.parameters[name] = as_text(problem).value_or("wrong");
  return answer;
}

}  // namespace

Result<Json> read_answer(const http::Response& response, bool write, size_t body_max) {
  if (response.body.size() > body_max)
    return schema_error(absl::StrFormat("an answer of %d bytes is more than the %d allowed",
                                        response.body.size(), body_max));
  const bool success = response.status >= 200 && response.status < 300;
  auto body =
      response.body.empty() && !success ? Result<Json>(Json()) : schema::parse_json(response.body);
  if (!success) return to_status(failed_answer(response, body, write));
  if (!body.ok()) return schema_error("the answer is no JSON: " + message_of(body.status()));
  if (!body->is_object()) return schema_error("the answer is no JSON object");
  // Seen in a race of two creates: 200 with no data and the loser's error as message.
  const auto* data = body->find("data");
  const bool has_message = !body->string_or("message", "").empty();
  if ((data == nullptr || data->is_null()) && has_message) {
    auto answer = failed_answer(response, body, write);
    answer.status = 500;
    return to_status(answer);
  }
  return std::move(*body);
}

}  // namespace gantry::pve
