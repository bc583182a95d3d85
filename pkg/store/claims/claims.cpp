#include "pkg/store/claims/claims.h"

#include <algorithm>

#include "api/kinds.h"
#include "pkg/store/object.h"

namespace gantry::store {
namespace {

using api::v1alpha1::Claim;

constexpr int kAttempts = 4;
// Between the claim and the object stands one write.
constexpr std::chrono::minutes kOnItsWay{1};
const Resource kClasses = "machineclasses.gantry.dev";

Json claim_object(const Claim& claim, const Holder& holder, Time now) {
  Json object = Json::object();
  object.member("metadata").set("name", claim.name);
  auto& held = object.member("holder");
  held.set("apiVersion", holder.api_version);
  held.set("kind", holder.kind);
  held.set("namespace", holder.ns);
  held.set("name", holder.name);
  if (!holder.machine.empty()) held.set("machine", holder.machine);
  object.set("takenAt", to_rfc3339(std::chrono::floor<std::chrono::seconds>(now)));
  return object;
}

Holder read_holder(const Json& claim) {
  const auto* held = claim.find("holder");
  if (held == nullptr) return {};
  return {held->string_or("apiVersion", ""), held->string_or("kind", ""),
          held->string_or("namespace", ""), held->string_or("name", ""),
          held->string_or("machine", "")};
}

bool says_so(const Store& store, const Holder& holder, const std::string& claim) {
  const auto* kind = api::find_by_kind(holder.api_version, holder.kind);
  if (kind == nullptr) return true;  // of a version that knows more than we do
  const auto found = store.get({kind->resource(), holder.ns, holder.name});
  if (!found.ok()) return false;
  const auto claims = claims_of(store, (*found)->value);
  return std::ranges::find(claims, claim, &Claim::name) != claims.end();
}

Holder machine_of(const Holder& holder) {
  return {holder.api_version, "Machine", holder.ns, holder.machine, ""};
}

// Who of those that are written down still claims it: the object, or the Machine that it has left.
std::optional<std::string> still_held(const Store& store, const Json& claim, const Holder& holder,
                                      const std::string& name, Time now) {
  if (says_so(store, holder, name)) return holder.text();
  if (!holder.machine.empty() && says_so(store, machine_of(holder), name))
    return machine_of(holder).text();
  const auto taken = from_rfc3339(claim.string_or("takenAt", ""));
  // The clock of who took it may have been ahead.
  if (taken && std::chrono::abs(now - *taken) < kOnItsWay) return holder.text();
  return std::nullopt;
}

// A Machine that has got an owner, or lost it, is the same container.
bool is_same_container(const Holder& a, const Holder& b) {
  const auto machine = [](const Holder& holder) {
    return holder.kind == "Machine" ? holder.name : holder.machine;
  };
  return a.ns == b.ns && !machine(a).empty() && machine(a) == machine(b);
}

// Of one object: whether it is this one's already, another's of its Machines, or to be passed on.
enum class Within { ours, siblings, passed_on };
Within within(const Store& store, const Holder& holder, const Holder& us,
              const std::string& claim) {
  if (us.machine.empty() || holder.machine == us.machine) return Within::ours;
  const bool has = !holder.machine.empty() && says_so(store, machine_of(holder), claim);
  return has ? Within::siblings : Within::passed_on;
}

// The holder that stands before it, or nullopt: it is ours. Conflict: somebody else was faster,
// look again.
Async<Result<std::optional<std::string>>> take(Store& store, Claim claim, Holder us, Time now,
                                               bool only_look) {
  using Answer = std::optional<std::string>;
  const Key key{kClaims, "", claim.name};
  const auto found = store.get(key);
  auto wanted = claim_object(claim, us, now);
  if (!found.ok()) {
    if (only_look) co_return Answer();
    const auto made = co_await store.create(kClaims, std::move(wanted));
    if (made.ok()) co_return Answer();
    if (error_class(made.status()) != ErrorClass::already_exists) co_return made.status();
    co_return make_error(ErrorClass::conflict, "claim " + claim.name);
  }
  const auto holder = read_holder((*found)->value);
  if (holder.is_same_object(us)) {
    const auto place = within(store, holder, us, claim.name);
    if (place == Within::ours) co_return Answer();
    if (place == Within::siblings) co_return Answer(machine_of(holder).text());
  } else if (!is_same_container(holder, us)) {
    auto held = still_held(store, (*found)->value, holder, claim.name, now);
    if (held) co_return held;
  }
  if (only_look) co_return Answer();
  wanted.member("metadata").set("resourceVersion", std::to_string((*found)->revision));
  const auto moved = co_await store.update(kClaims, Part::whole, std::move(wanted));
  if (!moved.ok()) co_return moved.status();
  co_return Answer();
}

}  // namespace

bool Holder::is_same_object(const Holder& other) const {
  return api_version == other.api_version && kind == other.kind && ns == other.ns &&
         name == other.name;
}

Holder holder_of(const Json& object) {
  Holder holder{object.string_or("apiVersion", ""), object.string_or("kind", ""),
                metadata_text(object, "namespace"), metadata_text(object, "name"), ""};
  const auto* owners = object.find_path({"metadata", "ownerReferences"});
  if (holder.kind != "Machine" || owners == nullptr || !owners->is_array()) return holder;
  for (const auto& owner : owners->as_array()) {
    const auto version = owner.string_or("apiVersion", "");
    if (!owner.bool_or("controller", false) || !version.starts_with("gantry.dev/")) continue;
    return {version, owner.string_or("kind", ""), holder.ns, owner.string_or("name", ""),
            holder.name};
  }
  return holder;
}

std::vector<Claim> claims_of(const Store& store, const Json& object) {
  return api::v1alpha1::claims_of(object, [&store](const std::string& name) {
    const auto found = store.get({kClasses, "", name});
    return found.ok() ? (*found)->value : Json();
  });
}

bool is_held(const Store& store, const std::string& claim, Time now) {
  const auto found = store.get({kClaims, "", claim});
  if (!found.ok()) return false;
  const auto& object = (*found)->value;
  return still_held(store, object, read_holder(object), claim, now).has_value();
}

bool is_held_by(const Store& store, const Claim& claim, const Holder& holder) {
  const auto found = store.get({kClaims, "", claim.name});
  return found.ok() && read_holder((*found)->value).is_same_object(holder);
}

Async<Result<std::vector<Refusal>>> take_claims(Store& store, Json object, Time now,
                                                bool only_look) {
  std::vector<Refusal> refusals;
  const auto claims = claims_of(store, object);
  const auto us = holder_of(object);
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
      if (other->has_value()) refusals.push_back({claim, **other});
      break;
    }
  }
  co_return refusals;
}

}  // namespace gantry::store
