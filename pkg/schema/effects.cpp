#include "pkg/schema/effects.h"

#include "pkg/schema/codec_internal.h"
#include "pkg/schema/validate.h"

namespace gantry::schema {
namespace {

struct Place {
  std::string path;
  std::string_view effect;  // as what is around it says
};

void collect(const TypeInfo& type, const Json& before, const Json& after, const Place& place,
             std::vector<FieldEffect>& found) {
  for (const auto& field : type.fields) {
    const Json &old = member_of(before, field.name), &now = member_of(after, field.name);
    if (old == now) continue;
    const auto effect = field.on_change.empty() ? place.effect : field.on_change;
    const Place inner{join_path(place.path, field.name), effect};
    if (field.type()->kind == Kind::object) {
      collect(*field.type(), old, now, inner, found);
    } else if (!effect.empty()) {
      found.push_back({inner.path, effect});
    }
  }
}

}  // namespace

std::vector<FieldEffect> effects_of(const TypeInfo& type, const Json& before, const Json& after) {
  std::vector<FieldEffect> found;
  collect(type, before, after, {}, found);
  return found;
}

}  // namespace gantry::schema
