#include "controllers/appliance/jobs.h"

#include <algorithm>
#include <utility>

#include "controllers/appliance/attached.h"
#include "pkg/base/check.h"
#include "pkg/schema/codec.h"
#include "pkg/schema/json.h"

namespace gantry::controllers::appliance {
namespace {

using api::v1alpha1::ApplianceRoute;
using Routes = std::vector<ApplianceRoute>;

const ApplianceRoute* find_route(const Routes& routes, const ApplianceRoute& wanted) {
  const auto found = std::ranges::find_if(
      routes, [&wanted](const ApplianceRoute& route) { return leads_alike(route, wanted); });
  return found == routes.end() ? nullptr : &*found;
}

// What the proxy has now, each since when it has been so.
Routes routes_after(const Routes& before, Routes loaded, const std::vector<std::string>& rejected,
                    Time now) {
  std::erase_if(loaded, [&rejected](const ApplianceRoute& route) {
    return std::ranges::find(rejected, route.host) != rejected.end();
  });
  for (auto& route : loaded) {
    const auto* known = find_route(before, route);
    route.served_since = known == nullptr ? now : known->served_since;
  }
  return loaded;
}

}  // namespace

Jobs::Jobs(async::Clock& clock, Executor executor)
    : clock_(clock),
      executor_(std::move(executor)),
      group_(std::make_unique<async::Group>(executor_)) {}

Async<Status> Jobs::run() {
  // A group that was stopped starts nothing any more.
  if (!is_open_) group_ = std::make_unique<async::Group>(executor_);
  is_open_ = true;
  (void)co_await never_.wait();
  is_open_ = false;
  group_->stop();
  auto ended = co_await group_->join();
  // Also those that had not begun.
  for (auto& [appliance, inside] : insides_) {
    inside.running = false;
    inside.progress = guest::Progress();
    inside.routes.clear();  // who leads meanwhile may give it others
  }
  co_return ended;
}

Inside& Jobs::inside(const Uid& appliance) {
  return insides_[appliance];
}

void Jobs::forget(const Uid& appliance) {
  const auto it = insides_.find(appliance);
  if (it != insides_.end() && !it->second.running) insides_.erase(it);
}

std::optional<Time> Jobs::served_since(const Uid& appliance, const ApplianceRoute& route) {
  const auto& inside = insides_[appliance];
  const auto* found = find_route(inside.routes, route);
  const bool is_changing = inside.running && find_route(inside.next_routes, route) == nullptr;
  return found == nullptr || is_changing ? std::nullopt : found->served_since;
}

void Jobs::start(const Uid& appliance, std::string container, std::string text, guest::Guest guest,
                 Wanted wanted, std::function<Async<Status>()> prove, std::function<void()> done) {
  auto& inside = insides_[appliance];
  GANTRY_CHECK(!inside.running);
  if (!is_open_) return;
  inside.running = true;
  inside.tried = std::move(text);
  inside.next_routes = wanted.routes;
  group_->spawn("appliance",
                [this, appliance, container = std::move(container), guest,
                 wanted = std::move(wanted), prove = std::move(prove), done = std::move(done)] {
                  return work(appliance, container, guest, wanted, prove, done);
                });
}

bool Jobs::note_routes(Inside& inside, const Findings& findings) {
  const auto* proxy = findings.find(parts::kProxy);
  const bool has_routes = proxy != nullptr && proxy->status.ok();
  auto routes = has_routes ? routes_after(inside.routes, inside.next_routes, findings.rejected,
                                          std::chrono::floor<std::chrono::seconds>(clock_.now()))
                           : Routes();
  const bool is_news = std::ranges::any_of(routes, [&inside](const ApplianceRoute& route) {
    return find_route(inside.routes, route) == nullptr;
  });
  inside.routes = std::move(routes);
  return is_news;
}

Async<Status> Jobs::work(Uid appliance, std::string container, guest::Guest guest, Wanted wanted,
                         std::function<Async<Status>()> prove, std::function<void()> done) {
  const guest::Report report = [this, appliance](const guest::Progress& progress) {
    auto& inside = insides_[appliance];
    const bool is_new = progress.changes && (progress.step != inside.progress.step ||
                                             progress.message != inside.progress.message);
    constexpr size_t kKept = 50;
    if (is_new && inside.deeds.size() < kKept)
      inside.deeds.push_back(progress.step + ": " + progress.message);
    inside.progress = progress;
  };
  std::set<Uid> served;
  for (const auto& lease : wanted.leases)
    if (!lease.released_at) served.insert(lease.uid);
  Status proven = co_await prove();
  std::optional<Findings> findings;
  auto& inside = insides_[appliance];  // stays: it is not forgotten while this runs
  const auto place = container + " " + schema::to_json(schema::encode(wanted.network));
  recall(inside.memory, place, container + " " + inside.tried);
  // Of a container that was never looked at to the end nothing is shown yet.
  const Loaded loaded = [this, appliance, container, done](const Findings& so_far) {
    auto& known = insides_[appliance];
    if (!known.findings || known.container != container) return;
    known.findings->rejected = so_far.rejected;
    if (note_routes(known, so_far)) done();
  };
  if (proven.ok())
    findings = co_await look_again(guest, std::move(wanted), report, loaded, inside.memory);
  inside.running = false;
  inside.ended_at = clock_.steady();
  inside.refused = std::move(proven);
  if (findings) {
    const auto* names = findings->find(parts::kNames);
    if (names != nullptr && names->status.ok()) inside.served = std::move(served);
    (void)note_routes(inside, *findings);
    inside.findings = std::move(findings);
    inside.container = std::move(container);
  }
  inside.progress = guest::Progress();
  done();
  co_return Status();
}

}  // namespace gantry::controllers::appliance
