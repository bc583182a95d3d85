#include "pkg/cel/type.h"

#include <array>

namespace gantry::cel {

Type Type::list(Type element) {
  Type type(TypeKind::list);
  type.parts_ = std::make_shared<const std::vector<Type>>(1, std::move(element));
  return type;
}

Type Type::map(Type key, Type value) {
  Type type(TypeKind::map);
  type.parts_ = std::make_shared<const std::vector<Type>>(
      std::vector<Type>{std::move(key), std::move(value)});
  return type;
}

Type Type::object(std::shared_ptr<const ObjectType> fields) {
  Type type(TypeKind::object);
  type.object_ = std::move(fields);
  return type;
}

Type Type::parameter(int index) {
  Type type(TypeKind::parameter);
  type.index_ = index;
  return type;
}

std::string Type::to_text() const {
  static constexpr std::array<std::string_view, 11> kNames = {
      "dyn",    "null",  "bool",      "int",      "uint", "double",
      "string", "bytes", "timestamp", "duration", "type"};
  switch (kind_) {
    case TypeKind::list:
      return "list(" + element().to_text() + ")";
    case TypeKind::map:
      return "map(" + key().to_text() + ", " + value().to_text() + ")";
    case TypeKind::object:
      return object_->name;
    case TypeKind::parameter:
      return "dyn";
    default:
      return std::string(kNames.at(static_cast<size_t>(kind_)));
  }
}

Declarations& Declarations::add(std::string_view name, Type type) {
  variables_.insert_or_assign(std::string(name), std::move(type));
  return *this;
}

const Type* Declarations::find(std::string_view name) const {
  const auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : &found->second;
}

}  // namespace gantry::cel
