// The App reconciler's revisions: kept before they go out, so that they can go out again.
#include <algorithm>

#include "controllers/app/reconciler.h"
#include "controllers/app/revisions.h"
#include "controllers/app/rollout.h"
#include "controllers/app/slots.h"
#include "pkg/schema/codec.h"
#include "pkg/store/typed.h"

namespace gantry::controllers::app {

using api::core::Secret;
using api::v1alpha1::AppRevision;

inline const store::Resource kSecrets = "secrets";

Async<Status> Reconciler::move_on(App& app, const ResolvedWorkload& workload, bool held,
                                  bool taken) {
  app.status.revision = workload.revision;
  app.status.observed_generation = app.metadata.generation;
  GANTRY_CO_TRY(co_await keep_revision(app, workload));
  roll_on(app, held, taken);
  note_serving(app);
  co_return Status();
}

void Reconciler::roll_on(App& app, bool held, bool taken) {
  for (const auto& each : roll(app, d_.clock.now(), held, taken)) {
    tell(app, each.reason, each.message,
         each.is_warning ? runtime::EventType::warning : runtime::EventType::normal);
  }
}

Async<Status> Reconciler::keep_revision(App& app, const ResolvedWorkload& workload) {
  auto& revisions = app.status.revisions;
  const auto* known = find_revision(app, workload.revision);
  int number = known != nullptr    ? known->number
               : revisions.empty() ? 1
                                   : revisions.back().number + 1;
  // Kept by a process that died before it could write the status, or of a status that was lost.
  while (true) {
    const store::Key key{kSecrets, app.metadata.ns, revision_name(app.metadata.name, number)};
    const auto found = store::get<Secret>(d_.store, key);
    if (found.ok() && revision_of(*found) == workload.revision) break;
    if (found.ok()) {
      ++number;
      continue;
    }
    if (error_class(found.status()) != ErrorClass::not_found) co_return found.status();
    auto created =
        co_await d_.store.create(kSecrets, schema::encode(revision_secret(app, number, workload)));
    if (!created.ok()) co_return created.status();
    break;
  }
  if (known != nullptr) co_return Status();
  AppRevision revision;
  revision.number = number;
  revision.revision = workload.revision;
  revision.created_at = std::chrono::floor<std::chrono::seconds>(d_.clock.now());
  revisions.push_back(std::move(revision));
  if (revisions.size() <= kRevisionsKept) co_return Status();
  const auto oldest = std::ranges::find_if(revisions, [&app](const AppRevision& each) {
    return each.revision != app.status.current_revision;
  });
  revisions.erase(oldest);
  co_return co_await forget_revisions(app, kRevisionsKept);
}

Async<Status> Reconciler::forget_revisions(const App& app, size_t kept) {
  const auto secrets = store::list<Secret>(d_.store, kSecrets, app.metadata.ns);
  if (!secrets.ok()) co_return secrets.status();
  for (const auto& secret : *secrets) {
    const bool ours = secret.type == kRevisionType &&
                      std::ranges::any_of(secret.metadata.owner_references, [&app](const auto& o) {
                        return o.uid == app.metadata.uid;
                      });
    if (!ours) continue;
    if (kept > 0 && find_revision(app, revision_of(secret)) != nullptr) continue;
    const store::Key key{kSecrets, secret.metadata.ns, secret.metadata.name};
    const store::Precondition same{secret.metadata.uid, std::nullopt};
    const auto removed = co_await d_.store.remove(key, same);
    const bool gone = !removed.ok() && error_class(removed.status()) == ErrorClass::not_found;
    if (!removed.ok() && !gone) co_return removed.status();
  }
  co_return Status();
}

Result<ResolvedWorkload> Reconciler::workload_for(const App& app,
                                                  const Result<ResolvedWorkload>& wanted,
                                                  const std::string& target) const {
  if (!wanted.ok() || target.empty() || target == wanted->revision) return wanted;
  const auto* known = find_revision(app, target);
  if (known == nullptr)
    return make_error(ErrorClass::not_found, "revision " + target + " is not in its history");
  const store::Key key{kSecrets, app.metadata.ns, revision_name(app.metadata.name, known->number)};
  const auto secret = store::get<Secret>(d_.store, key);
  if (!secret.ok()) return annotate(secret.status(), "revision " + std::to_string(known->number));
  return workload_of(*secret);
}

}  // namespace gantry::controllers::app
