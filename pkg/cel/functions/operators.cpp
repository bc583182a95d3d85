#include <cmath>
#include <optional>

#include "pkg/cel/functions/natives.h"
#include "pkg/cel/value/compare.h"

namespace gantry::cel {
namespace {

template <class Predicate>
Value ordered(const Call& call, Predicate holds) {
  if (!is_ordered(call[0].kind(), call[1].kind())) return no_overload(call);
  return Value::boolean(holds(compare(call[0], call[1], call.meter)));
}

// A number as a list index, when it is whole: 1, 1u and 1.0 are the same place.
std::optional<uint64_t> list_index(const Value& value) {
  if (value.is(Kind::uinteger)) return value.as_uint();
  if (value.is(Kind::integer)) {
    if (value.as_int() < 0) return std::nullopt;
    return static_cast<uint64_t>(value.as_int());
  }
  const double number = value.as_double();
  if (!(number >= 0 && number < 1e15) || number != std::trunc(number)) return std::nullopt;
  return static_cast<uint64_t>(number);
}

Value find_element(const Value& wanted, const Value::List& list, Meter& meter) {
  Value result = Value::boolean(false);
  for (const Value& element : list) {
    const Value same = equal(wanted, element, meter);
    if (same.is_true()) return same;
    if (!same.is_unknown()) continue;
    result = result.is_unknown() ? Value::unknown(result, same) : same;
  }
  return result;
}

size_t key_bytes(const Value& key) {
  return key.is(Kind::string) ? key.as_string().size() : 0;
}

}  // namespace

Value logical_not(const Call& call) {
  if (!call[0].is(Kind::boolean)) return no_overload(call);
  return Value::boolean(!call[0].as_bool());
}

Value equals(const Call& call) {
  return equal(call[0], call[1], call.meter);
}

Value not_equals(const Call& call) {
  const Value same = equals(call);
  return same.is(Kind::boolean) ? Value::boolean(!same.as_bool()) : same;
}

Value less(const Call& call) {
  return ordered(call, [](std::partial_ordering order) { return order < 0; });
}

Value less_equals(const Call& call) {
  return ordered(call, [](std::partial_ordering order) { return order <= 0; });
}

Value greater(const Call& call) {
  return ordered(call, [](std::partial_ordering order) { return order > 0; });
}

Value greater_equals(const Call& call) {
  return ordered(call, [](std::partial_ordering order) { return order >= 0; });
}

Value contains_element(const Call& call) {
  const Value& container = call[1];
  if (container.is(Kind::list)) return find_element(call[0], container.as_list(), call.meter);
  if (!container.is(Kind::map)) return no_overload(call);
  call.meter.charge_text(key_bytes(call[0]));
  return Value::boolean(container.as_map().find(call[0]) != nullptr);
}

Value element_at(const Call& call) {
  const Value& container = call[0];
  const Value& key = call[1];
  if (container.is(Kind::map)) {
    call.meter.charge_text(key_bytes(key));
    const Value* const found = container.as_map().find(key);
    return found != nullptr ? *found : Value::error("no such key: " + key.to_text(80));
  }
  if (!container.is(Kind::list) || !key.is_number()) return no_overload(call);
  const auto index = list_index(key);
  const size_t size = container.as_list().size();
  if (index && *index < size) return container.as_list()[*index];
  return Value::error("index " + key.to_text() + " is outside of a list of " +
                      std::to_string(size));
}

}  // namespace gantry::cel
