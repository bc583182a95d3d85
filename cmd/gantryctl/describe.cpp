#include <algorithm>

#include "cmd/gantryctl/commands.h"
#include "cmd/gantryctl/merge.h"
#include "pkg/base/text.h"
#include "pkg/schema/json.h"

namespace gantry::ctl {
namespace {

std::string padded(const std::string& text, size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string text_or(const Json& object, std::string_view key, std::string_view fallback) {
  const auto* value = object.find(key);
  if (value == nullptr || value->is_null()) return std::string(fallback);
  return value->is_string() ? value->as_string() : schema::to_json(*value);
}

std::string indented(const std::string& text) {
  std::string result;
  for (const auto& line : split(text, '\n'))
    if (!line.empty()) result += "  " + line + "\n";
  return result;
}

std::string age(const Json& object, std::string_view key, Time now) {
  const auto time = from_rfc3339(object.string_or(key, ""));
  return time ? human_duration(std::max(now - *time, Duration::zero())) : "";
}

void print_conditions(Session& session, const Json& status) {
  const auto* conditions = status.find("conditions");
  if (conditions == nullptr || conditions->size() == 0) return;
  std::string text = "Conditions:\n";
  for (const auto& condition : conditions->as_array()) {
    text += "  " + padded(condition.string_or("type", ""), 19) +
            padded(condition.string_or("status", ""), 9) +
            padded(age(condition, "lastTransitionTime", session.clock.now()), 9) +
            condition.string_or("reason", "");
    if (const auto code = condition.string_or("code", ""); !code.empty()) text += " [" + code + "]";
    if (const auto why = condition.string_or("message", ""); !why.empty()) text += ": " + why;
    text += "\n";
  }
  session.print(text.substr(0, text.size() - 1));
}

void print_steps(Session& session, const Json& status) {
  const auto* steps = status.find("steps");
  if (steps == nullptr || steps->size() == 0) return;
  std::string text = "Steps:\n";
  for (const auto& step : steps->as_array()) {
    const auto began = from_rfc3339(step.string_or("startedAt", ""));
    const auto ended = from_rfc3339(step.string_or("finishedAt", ""));
    const auto took = began && ended ? human_duration(*ended - *began) : std::string();
    text += "  " + padded(step.string_or("name", ""), 12) +
            padded(step.string_or("state", "Pending"), 9) + padded(took, 7) +
            step.string_or("message", "") + "\n";
  }
  session.print(text.substr(0, text.size() - 1));
}

// What is shown in its own section, or is of no interest to a person.
Json shown_metadata(const Json& object) {
  const auto* metadata = object.find("metadata");
  Json shown = metadata == nullptr ? Json::object() : *metadata;
  for (const auto* key : {"name", "namespace", "managedFields", "resourceVersion", "uid"})
    shown.erase(key);
  if (auto* annotations = shown.find("annotations")) {
    annotations->erase(kLastApplied);
    if (annotations->size() == 0) shown.erase("annotations");
  }
  return shown;
}

// A Secret's values are for programs: only their sizes are shown.
Json redacted(const Json& object) {
  if (object.string_or("kind", "") != "Secret") return object;
  Json copy = object;
  if (auto* data = copy.find("data"); data != nullptr && data->is_object())
    for (auto& [key, value] : data->as_object())
      if (value.is_string())
        value = absl::StrFormat("%d bytes",
                                base64_decode(value.as_string()).value_or(std::string()).size());
  return copy;
}

void print_object(Session& session, const Json& object) {
  session.print("Name:        " + meta_text(object, "name"));
  if (const auto ns = meta_text(object, "namespace"); !ns.empty())
    session.print("Namespace:   " + ns);
  session.print("Kind:        " + object.string_or("apiVersion", "") + " " +
                object.string_or("kind", ""));
  session.print("Metadata:\n" + indented(schema::to_yaml(shown_metadata(object))));
  for (const auto& [key, value] : object.as_object()) {
    if (key == "apiVersion" || key == "kind" || key == "metadata" || key == "status") continue;
    const auto shown = value.is_object() || value.is_array()
                           ? "\n" + indented(schema::to_yaml(value))
                           : " " + text_or(object, key, "") + "\n";
    auto title = key;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    session.print(title + ":" + shown.substr(0, shown.size() - 1));
  }
  const auto* status = object.find("status");
  if (status == nullptr) return;
  Json rest = *status;
  rest.erase("conditions");
  rest.erase("steps");
  if (rest.size() > 0) {
    auto text = indented(schema::to_yaml(rest));
    session.print("Status:\n" + text.substr(0, text.size() - 1));
  }
  print_conditions(session, *status);
  print_steps(session, *status);
}

}  // namespace

Async<Status> describe(Session& session, std::vector<Where> places) {
  for (const auto& where : places) {
    auto answer = co_await session.api.get(path_of(where), kJson);
    if (!answer.ok()) co_return answer.status();
    const auto objects = objects_in(*answer, where);
    for (const auto& object : objects) {
      print_object(session, redacted(object));
      Where about = where;
      about.name = meta_text(object, "name");
      about.ns = meta_text(object, "namespace");
      session.print("Events:");
      GANTRY_CO_TRY(co_await events(session, about, false));
    }
  }
  co_return Status();
}

}  // namespace gantry::ctl
