#include "pkg/cel/unify.h"

namespace gantry::cel {
namespace {

// null stands for a missing object, as in the language's type checker.
bool takes_null(const Type& type) {
  return type.is(TypeKind::object);
}

}  // namespace

Type Unifier::fresh() {
  bound_.emplace_back();
  return Type::parameter(static_cast<int>(bound_.size()) - 1);
}

Type Unifier::shallow(Type type) const {
  while (type.is(TypeKind::parameter)) {
    const auto& known = bound_[static_cast<size_t>(type.index())];
    if (!known) return type;
    type = *known;
  }
  return type;
}

Type Unifier::resolve(const Type& type) const {
  const Type known = shallow(type);
  if (known.is(TypeKind::list)) return Type::list(resolve(known.element()));
  if (known.is(TypeKind::map)) return Type::map(resolve(known.key()), resolve(known.value()));
  return known.is(TypeKind::parameter) ? Type::dyn() : known;
}

void Unifier::bind(int index, Type type) {
  auto& slot = bound_[static_cast<size_t>(index)];
  trail_.emplace_back(index, std::move(slot));
  slot = std::move(type);
}

void Unifier::roll_back(Mark mark) {
  while (trail_.size() > mark.bindings) {
    auto& [index, before] = trail_.back();
    bound_[static_cast<size_t>(index)] = std::move(before);
    trail_.pop_back();
  }
  bound_.resize(mark.parameters);
}

bool Unifier::occurs(int index, const Type& type) const {
  const Type known = shallow(type);
  if (known.is(TypeKind::parameter)) return known.index() == index;
  if (known.is(TypeKind::list)) return occurs(index, known.element());
  if (known.is(TypeKind::map)) return occurs(index, known.key()) || occurs(index, known.value());
  return false;
}

Type Unifier::general(const Type& a, const Type& b) const {
  const Type left = shallow(a);
  const Type right = shallow(b);
  if (left.is(TypeKind::dyn) || right.is(TypeKind::dyn)) return Type::dyn();
  if (left.is(TypeKind::null)) return right;
  if (left.is(TypeKind::list) && right.is(TypeKind::list)) {
    return Type::list(general(left.element(), right.element()));
  }
  if (left.is(TypeKind::map) && right.is(TypeKind::map)) {
    return Type::map(general(left.key(), right.key()), general(left.value(), right.value()));
  }
  return left;
}

bool Unifier::unify(const Type& a, const Type& b) {
  if (a.is(TypeKind::parameter)) return unify_parameter(a, b);
  if (b.is(TypeKind::parameter)) return unify_parameter(b, a);
  return unify_known(a, b);
}

bool Unifier::unify_parameter(const Type& parameter, const Type& other) {
  const Type known = shallow(parameter);
  const Type wanted = shallow(other);
  if (known.is(TypeKind::parameter)) {
    if (wanted.is(TypeKind::parameter) && wanted.index() == known.index()) return true;
    if (occurs(known.index(), wanted)) return false;
    bind(known.index(), wanted);
    return true;
  }
  if (wanted.is(TypeKind::parameter)) return unify_parameter(wanted, known);
  if (!unify_known(known, wanted)) return false;
  bind(parameter.index(), general(known, wanted));
  return true;
}

bool Unifier::unify_known(const Type& a, const Type& b) {
  if (a.is(TypeKind::dyn) || b.is(TypeKind::dyn)) return true;
  if (a.is(TypeKind::null) && takes_null(b)) return true;
  if (b.is(TypeKind::null) && takes_null(a)) return true;
  if (a.kind() != b.kind()) return false;
  if (a.is(TypeKind::list)) return unify(a.element(), b.element());
  if (a.is(TypeKind::map)) return unify(a.key(), b.key()) && unify(a.value(), b.value());
  if (a.is(TypeKind::object)) return a.object().name == b.object().name;
  return true;
}

}  // namespace gantry::cel
