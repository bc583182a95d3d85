#include "pkg/apiserver/write/claims.h"

#include "api/v1alpha1/addresses.h"
#include "api/v1alpha1/app.h"
#include "api/v1alpha1/machineclass.h"
#include "pkg/schema/codec.h"
#include "pkg/store/claims/claims.h"
#include "pkg/store/claims/ranges.h"
#include "pkg/store/object.h"
#include "pkg/store/typed.h"

namespace gantry::apiserver {
namespace {

using api::v1alpha1::App;
using api::v1alpha1::MachineClass;

// Of an App without networks of its own; with them the schema has checked it.
std::vector<Cause> check_class(const store::Store& store, const Json& object) {
  if (object.string_or("kind", "") != "App") return {};
  const auto app = schema::decode_stored<App>(object);
  if (!app.ok() || !app->spec.networks.empty()) return {};
  const auto shape = store::get<MachineClass>(
      store, {"machineclasses.gantry.dev", "", app->spec.machine_class_name});
  if (!shape.ok()) return {};
  std::vector<Cause> causes;
  for (const auto& problem : api::v1alpha1::check_copies(app->spec, shape->spec.networks))
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: with the networks of MachineClass " + shape->metadata.name +
                          " " + problem.message,
                      "spec." + problem.path});
  return causes;
}

}  // namespace

Async<Result<std::vector<Cause>>> take_claims(store::Store& store, Json object, Time now,
                                              bool only_look) {
  std::vector<Cause> causes;
  const auto claims = store::claims_of(store, object);
  if (claims.empty()) co_return causes;
  if (store::metadata_text(object, "name").empty()) {
    causes.push_back({"FieldValueRequired",
                      "Required value: what claims a " + claims.front().what + " needs a name",
                      "metadata.name"});
    co_return causes;
  }
  causes = check_class(store, object);
  const auto us = store::holder_of(object);
  for (const auto& claim : claims) {
    if (!claim.address || store::is_held_by(store, claim, us)) continue;
    const auto why = store::why_given_out(store, *claim.address);
    if (!why.empty())
      causes.push_back(
          {"FieldValueInvalid", "Invalid value: " + claim.what + ": " + why, claim.path});
  }
  // What is refused takes nothing.
  if (!causes.empty()) co_return causes;
  auto refusals = co_await store::take_claims(store, std::move(object), now, only_look);
  if (!refusals.ok()) co_return refusals.status();
  for (const auto& refusal : *refusals)
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + refusal.claim.what + " is held by " + refusal.holder,
                      refusal.claim.path});
  co_return causes;
}

}  // namespace gantry::apiserver
