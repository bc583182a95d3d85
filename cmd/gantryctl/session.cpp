#include "cmd/gantryctl/session.h"

#include "api/kinds.h"

namespace gantry::ctl {
namespace {

Result<const api::meta::Kind*> kind_of(const std::string& word) {
  const auto* kind = api::find_by_word(word);
  if (kind != nullptr) return kind;
  std::string known;
  for (const auto& each : api::all_kinds())
    known += (known.empty() ? "" : ", ") + std::string(each.plural);
  return invalid("there is no kind \"%s\"; there are %s", word, known);
}

}  // namespace

std::string Session::namespace_for(const api::meta::Kind& kind) const {
  return kind.namespaced && !all_namespaces ? ns : "";
}

Result<std::vector<Where>> parse_places(const Session& session,
                                        const std::vector<std::string>& words) {
  std::vector<Where> places;
  const api::meta::Kind* kind = nullptr;
  for (const auto& word : words) {
    const auto slash = word.find('/');
    if (slash != std::string::npos) {
      GANTRY_TRY_ASSIGN(const auto* named, kind_of(word.substr(0, slash)));
      places.push_back({named, session.namespace_for(*named), word.substr(slash + 1)});
    } else if (kind == nullptr) {
      GANTRY_TRY_ASSIGN(kind, kind_of(word));
    } else {
      places.push_back({kind, session.namespace_for(*kind), word});
    }
  }
  if (places.empty() && kind != nullptr) places.push_back({kind, session.namespace_for(*kind), ""});
  if (places.empty()) return invalid("name a kind, such as apps, or an object, such as app/hello");
  return places;
}

}  // namespace gantry::ctl
