#include "pkg/apiserver/write/claims.h"

#include <algorithm>

#include "api/kinds.h"
#include "api/v1alpha1/claims.h"
#include "pkg/base/text.h"
#include "pkg/store/object.h"

namespace gantry::apiserver {
namespace {

using api::v1alpha1::Claim;
using api::v1alpha1::claims_of;

constexpr int kAttempts = 4;
// Between the claim and the object stands one write.
constexpr std::chrono::minutes kOnItsWay{1};

struct Holder {
  std::string api_version, kind, ns, name;
  bool operator==(const Holder&) const = default;
  std::string text() const { return kind + " " + ns + "/" + name; }
};

Holder holder_of(const Json& object) {
  return {object.string_or("apiVersion", ""), object.string_or("kind", ""),
          store::metadata_text(object, "namespace"), store::metadata_text(object, "name")};
}

Json claim_object(const Claim& claim, const Holder& holder, Time now) {
  Json object = Json::object();
  object.member("metadata").set("name", claim.name);
  auto& held = object.member("holder");
  held.set("apiVersion", holder.api_version);
  held.set("kind", holder.kind);
  held.set("namespace", holder.ns);
  held.set("name", holder.name);
  object.set("takenAt", to_rfc3339(std::chrono::floor<std::chrono::seconds>(now)));
  return object;
}

Holder read_holder(const Json& claim) {
  const auto* held = claim.find("holder");
  if (held == nullptr) return {};
  return {held->string_or("apiVersion", ""), held->string_or("kind", ""),
          held->string_or("namespace", ""), held->string_or("name", "")};
}

// Whether who is written down still claims it.
bool is_held(const store::Store& store, const Json& claim, const Holder& holder,
             const std::string& name, Time now) {
  const auto* kind = api::find_by_kind(holder.api_version, holder.kind);
  if (kind == nullptr) return true;  // of a version that knows more than we do
  const auto found = store.get({kind->resource(), holder.ns, holder.name});
  if (found.ok()) {
    const auto claims = claims_of((*found)->value);
    if (std::ranges::find(claims, name, &Claim::name) != claims.end()) return true;
  }
  const auto taken = from_rfc3339(claim.string_or("takenAt", ""));
  return taken && now - *taken < kOnItsWay;
}

// nullopt: it is ours. Conflict: somebody else was faster, look again.
Async<Result<std::optional<Holder>>> take(store::Store& store, Claim claim, Holder us, Time now,
                                          bool only_look) {
  const store::Key key{kClaims, "", claim.name};
  const auto found = store.get(key);
  auto wanted = claim_object(claim, us, now);
  if (!found.ok()) {
    if (only_look) co_return std::optional<Holder>();
    const auto made = co_await store.create(kClaims, std::move(wanted));
    if (made.ok()) co_return std::optional<Holder>();
    if (error_class(made.status()) != ErrorClass::already_exists) co_return made.status();
    co_return make_error(ErrorClass::conflict, "claim " + claim.name);
  }
  auto holder = read_holder((*found)->value);
  if (holder == us) co_return std::optional<Holder>();
  if (is_held(store, (*found)->value, holder, claim.name, now))
    co_return std::optional<Holder>(std::move(holder));
  if (only_look) co_return std::optional<Holder>();
  wanted.member("metadata").set("resourceVersion", std::to_string((*found)->revision));
  const auto moved = co_await store.update(kClaims, store::Part::whole, std::move(wanted));
  if (!moved.ok()) co_return moved.status();
  co_return std::optional<Holder>();
}

}  // namespace

Async<Result<std::vector<Cause>>> take_claims(store::Store& store, Json object, Time now,
                                              bool only_look) {
  std::vector<Cause> causes;
  const auto claims = claims_of(object);
  const auto us = holder_of(object);
  if (us.name.empty() && !claims.empty()) {
    causes.push_back({"FieldValueRequired",
                      "Required value: what claims a " + claims.front().what + " needs a name",
                      "metadata.name"});
    co_return causes;
  }
  for (const auto& claim : claims) {
    for (int attempt = 1;; ++attempt) {
      auto other = co_await take(store, claim, us, now, only_look);
      const bool again = !other.ok() && (error_class(other.status()) == ErrorClass::conflict ||
                                         error_class(other.status()) == ErrorClass::not_found);
      if (again && attempt < kAttempts) {
        // What another process wrote is in our cache then.
        GANTRY_CO_TRY(co_await store.sync());
        continue;
      }
      if (!other.ok()) co_return other.status();
      if (other->has_value()) {
        causes.push_back({"FieldValueInvalid",
                          "Invalid value: " + claim.what + " is held by " + (*other)->text(),
                          claim.path});
      }
      break;
    }
  }
  co_return causes;
}

}  // namespace gantry::apiserver
