#include "pkg/cel/selector.h"

#include <utility>

#include "pkg/base/text.h"

namespace gantry::cel {
namespace {

constexpr std::string_view kInvalidExpression = "CEL-003";

Type object(std::string_view name, std::map<std::string, Field, std::less<>> fields) {
  return Type::object(
      std::make_shared<const ObjectType>(ObjectType{std::string(name), std::move(fields)}));
}

Type strings() {
  return Type::list(Type::string());
}
Type string_map() {
  return Type::map(Type::string(), Type::string());
}

Match judge(const Outcome& outcome) {
  Match match;
  switch (outcome.kind) {
    case Outcome::Kind::unknown:
      match.reason = join(outcome.missing, ", ") + " not observed";
      match.missing = outcome.missing;
      break;
    case Outcome::Kind::error:
      match.reason = outcome.error;
      break;
    case Outcome::Kind::value:
      if (!outcome.value.is(Kind::boolean)) {
        match.reason = "the selector yields " + outcome.value.to_text(80) + ", not true or false";
      } else {
        match.verdict =
            outcome.value.as_bool() ? Match::Verdict::matches : Match::Verdict::does_not_match;
      }
      break;
  }
  return match;
}

}  // namespace

const Type& node_type() {
  static const Type type = [] {
    const Type memory = object("node.memory", {{"total", {Type::integer(), "bytes"}},
                                               {"used", {Type::integer(), "bytes"}},
                                               {"free", {Type::integer(), "bytes"}}});
    return object("node", {{"name", {Type::string(), "the node's name"}},
                           {"online", {Type::boolean(), "in the quorate part of the cluster"}},
                           {"cpu", {Type::real(), "load of all cores, 0 to 1"}},
                           {"cores", {Type::integer(), "logical processors"}},
                           {"memory", {memory, "main memory"}},
                           {"uptime", {Type::integer(), "seconds since boot"}},
                           {"level", {Type::string(), "support level of the subscription"}},
                           {"labels", {string_map(), "labels given to the node"}},
                           {"tags", {strings(), "tags given to the node"}}});
  }();
  return type;
}

const Type& storage_type() {
  static const Type type =
      object("storage", {{"name", {Type::string(), "the storage's name"}},
                         {"type", {Type::string(), "\"zfspool\", \"lvmthin\", \"dir\", …"}},
                         {"content", {strings(), "\"rootdir\", \"vztmpl\", \"images\", …"}},
                         {"shared", {Type::boolean(), "the same on every node"}},
                         {"enabled", {Type::boolean(), "not disabled in the configuration"}},
                         {"active", {Type::boolean(), "usable at the moment"}},
                         {"avail", {Type::integer(), "free bytes"}},
                         {"used", {Type::integer(), "bytes"}},
                         {"total", {Type::integer(), "bytes"}},
                         {"node", {Type::string(), "the node it was seen from"}}});
  return type;
}

const Type& machine_type() {
  static const Type type =
      object("machine", {{"name", {Type::string(), "metadata.name"}},
                         {"namespace", {Type::string(), "metadata.namespace"}},
                         {"labels", {string_map(), "metadata.labels"}},
                         {"annotations", {string_map(), "metadata.annotations"}},
                         {"class", {Type::string(), "name of its MachineClass"}},
                         {"cluster", {Type::string(), "name of its ProxmoxCluster"}}});
  return type;
}

const Declarations& selector_declarations() {
  static const Declarations declarations = Declarations()
                                               .add("node", node_type())
                                               .add("storage", storage_type())
                                               .add("machine", machine_type());
  return declarations;
}

Result<Selector> Selector::compile(std::string_view text, const Declarations& declarations) {
  auto program = cel::compile(text, declarations);
  if (!program.ok()) return with_code(program.status(), kInvalidExpression);
  const Type& type = program->type();
  if (!type.is(TypeKind::boolean) && !type.is(TypeKind::dyn)) {
    return with_code(invalid("1:1: a selector must be true or false, this is %s", type.to_text()),
                     kInvalidExpression);
  }
  return Selector(*std::move(program));
}

Match Selector::evaluate(const Activation& activation) const {
  return judge(program_.evaluate(activation));
}

std::vector<Selector::Clause> Selector::explain(const Activation& activation) const {
  std::vector<Clause> clauses;
  for (const Program& part : program_.conjuncts()) {
    clauses.push_back({part.text(), judge(part.evaluate(activation))});
  }
  return clauses;
}

}  // namespace gantry::cel
