#pragma once
// Row: a JSON object written field by field, in one chain.
#include <string_view>
#include <utility>

#include "pkg/base/json.h"

namespace gantry::lab {

class Row {
 public:
  Row() = default;
  explicit Row(Json object) : object_(std::move(object)) {}
  Row& set(std::string_view name, Json value) {
    object_.set(name, std::move(value));
    return *this;
  }
  void erase(std::string_view name) { object_.erase(name); }
  const Json* find(std::string_view name) const { return object_.find(name); }
  operator Json() const& { return object_; }         // NOLINT(google-explicit-constructor)
  operator Json() && { return std::move(object_); }  // NOLINT(google-explicit-constructor)

 private:
  Json object_ = Json::object();
};

}  // namespace gantry::lab
