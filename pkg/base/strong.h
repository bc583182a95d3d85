#pragma once
// Strong<Tag, T>: a value that cannot be mistaken for another of the same representation.
#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace gantry {

template <class Tag, class T>
class Strong {
 public:
  using value_type = T;
  Strong() = default;
  explicit Strong(T value) : value_(std::move(value)) {}
  const T& get() const { return value_; }
  auto operator<=>(const Strong&) const = default;

 private:
  T value_{};
};

}  // namespace gantry

template <class Tag, class T>
struct std::hash<gantry::Strong<Tag, T>> {
  size_t operator()(const gantry::Strong<Tag, T>& id) const { return std::hash<T>{}(id.get()); }
};
