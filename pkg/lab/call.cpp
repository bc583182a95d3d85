#include "pkg/lab/call.h"

#include "pkg/base/text.h"
#include "pkg/lab/model.h"

namespace gantry::lab {

const std::string* Params::find(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

std::string Params::get(std::string_view name, std::string_view fallback) const {
  const auto* value = find(name);
  return value != nullptr ? *value : std::string(fallback);
}

bool Params::flag(std::string_view name, bool fallback) const {
  const auto* value = find(name);
  if (value == nullptr) return fallback;
  return *value == "1" || *value == "on" || *value == "yes" || *value == "true";
}

int64_t Params::integer(std::string_view name, int64_t fallback) const {
  const auto* value = find(name);
  return value == nullptr ? fallback : parse_integer(*value).value_or(fallback);
}

void Params::set(std::string name, std::string value) {
  values_.insert_or_assign(std::move(name), std::move(value));
}

void Params::erase(std::string_view name) {
  if (const auto it = values_.find(name); it != values_.end()) values_.erase(it);
}

Reply done(Json data) {
  Reply reply;
  reply.data = std::move(data);
  return reply;
}

Reply died(const std::string& text, int status) {
  Reply reply;
  reply.status = status;
  reply.reason = text.substr(0, text.find('\n'));
  reply.message = text + "\n";
  return reply;
}

Reply not_permitted(const std::string& what) {
  return died(what.empty() ? "Permission check failed" : "Permission check failed " + what, 403);
}

Reply missing_guest(const Call& call) {
  return died(missing_config_text(call.node(), call.params.vmid()));
}

Reply bad_parameters(std::map<std::string, std::string> errors) {
  Reply reply = died("Parameter verification failed.", 400);
  reply.errors = std::move(errors);
  return reply;
}

Reply bad_parameter(const std::string& name, const std::string& text) {
  std::map<std::string, std::string> errors;
  errors.emplace(name, text);
  return bad_parameters(std::move(errors));
}

Reply bare(int status, const std::string& reason, const std::string& text) {
  Reply reply;
  reply.status = status;
  reply.reason = reason;
  reply.has_json = false;
  reply.text = text;
  return reply;
}

Reply not_implemented(const std::string& method, const std::string& path) {
  Reply reply = died("Method '" + method + " " + path + "' not implemented", 501);
  reply.message.pop_back();  // this one has no newline (observed)
  return reply;
}

}  // namespace gantry::lab
