#include "cmd/gantryctl/session.h"

#include "api/kinds.h"
#include "pkg/base/text.h"

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
  bool named = false;  // whether a name followed the kind
  for (const auto& word : words) {
    const auto slash = word.find('/');
    if (slash != std::string::npos) {
      GANTRY_TRY_ASSIGN(const auto* of_word, kind_of(word.substr(0, slash)));
      places.push_back({of_word, session.namespace_for(*of_word), word.substr(slash + 1)});
    } else if (kind == nullptr) {
      // "apps,machines": several kinds, and no names.
      for (const auto& each : split(word, ',')) {
        if (kind != nullptr) places.push_back({kind, session.namespace_for(*kind), ""});
        GANTRY_TRY_ASSIGN(kind, kind_of(each));
      }
    } else {
      places.push_back({kind, session.namespace_for(*kind), word});
      named = true;
    }
  }
  if (kind != nullptr && !named) places.push_back({kind, session.namespace_for(*kind), ""});
  if (places.empty()) return invalid("name a kind, such as apps, or an object, such as app/hello");
  return places;
}

}  // namespace gantry::ctl
