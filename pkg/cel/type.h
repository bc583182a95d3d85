#pragma once
// Type and Declarations: what the checker knows about variables before anything is evaluated.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gantry::cel {

enum class TypeKind : uint8_t {
  dyn,  // anything; checked when evaluated
  null,
  boolean,
  integer,
  uinteger,
  real,
  string,
  bytes,
  timestamp,
  duration,
  type,  // of a type's own value: type(1)
  list,
  map,
  object,  // a map with declared fields
  parameter,
};

struct ObjectType;

// Immutable and cheap to copy.
class Type {
 public:
  Type() = default;  // dyn
  // Requires a kind without parts.
  explicit Type(TypeKind kind) : kind_(kind) {}
  static Type dyn() { return Type(TypeKind::dyn); }
  static Type boolean() { return Type(TypeKind::boolean); }
  static Type integer() { return Type(TypeKind::integer); }
  static Type real() { return Type(TypeKind::real); }
  static Type string() { return Type(TypeKind::string); }
  static Type list(Type element);
  static Type map(Type key, Type value);
  // Requires a non-null pointer.
  static Type object(std::shared_ptr<const ObjectType> fields);
  // A type that is not known yet; used by the checker.
  static Type parameter(int index);

  TypeKind kind() const { return kind_; }
  bool is(TypeKind kind) const { return kind_ == kind; }
  bool is_number() const {
    return is(TypeKind::integer) || is(TypeKind::uinteger) || is(TypeKind::real);
  }
  // Of a list; of a map. Each requires the kind.
  const Type& element() const { return parts_->front(); }
  const Type& key() const { return parts_->front(); }
  const Type& value() const { return parts_->back(); }
  const ObjectType& object() const { return *object_; }
  int index() const { return index_; }

  // "int", "list(string)", "map(string, dyn)", an object's name.
  std::string to_text() const;

 private:
  TypeKind kind_ = TypeKind::dyn;
  int index_ = 0;
  std::shared_ptr<const std::vector<Type>> parts_;
  std::shared_ptr<const ObjectType> object_;
};

struct Field {
  Type type;
  std::string doc;  // one phrase, with the unit
};

// The fields of a variable such as `node`. Objects of the same name are the same type.
struct ObjectType {
  std::string name;
  std::map<std::string, Field, std::less<>> fields;
};

// The variables that a program may use, by name.
class Declarations {
 public:
  // Replaces an earlier declaration of that name.
  Declarations& add(std::string_view name, Type type);
  // The type, or nullptr when there is no such variable.
  const Type* find(std::string_view name) const;
  const std::map<std::string, Type, std::less<>>& variables() const { return variables_; }

 private:
  std::map<std::string, Type, std::less<>> variables_;
};

}  // namespace gantry::cel
