#include "pkg/schema/validate.h"

#include "pkg/schema/codec.h"

namespace gantry::schema {

Problems validate(const TypeInfo& type, const Json& object) {
  Problems problems;
  const auto scratch = type.make();
  read(type, scratch.get(), object, Input::strict, "", problems);
  return problems;
}

}  // namespace gantry::schema
