#include "pkg/store/cached_store.h"

#include <limits>

#include "pkg/async/deadline.h"
#include "pkg/base/log.h"
#include "pkg/store/object.h"
#include "pkg/store/semantics.h"

namespace gantry::store {
namespace {

// A watch on records, for those who read objects.
class DecodingWatch final : public Watch {
 public:
  DecodingWatch(std::shared_ptr<Cache> cache, std::unique_ptr<RecordWatch> records,
                std::vector<Change> first)
      : cache_(std::move(cache)), records_(std::move(records)), first_(std::move(first)) {}

  Async<Result<std::vector<Change>>> next() override {
    if (!first_.empty()) co_return std::exchange(first_, {});
    auto changes = co_await records_->next(std::numeric_limits<size_t>::max());
    if (!changes.ok()) co_return changes.status();
    std::vector<Change> decoded;
    decoded.reserve(changes->size());
    for (const auto& change : *changes) {
      Change next;
      next.type = change.type;
      next.object = cache_->keep(decode(change.record));
      if (change.previous) next.previous = decode(change.previous);
      decoded.push_back(std::move(next));
    }
    co_return decoded;
  }

  int64_t revision() const override { return first_.empty() ? records_->revision() : 0; }

 private:
  std::shared_ptr<Cache> cache_;
  std::unique_ptr<RecordWatch> records_;
  std::vector<Change> first_;
};

}  // namespace

CachedStore::CachedStore(Executor executor, Backend& backend, async::Clock& clock, Random& random,
                         CachedStoreOptions options)
    : executor_(executor),
      backend_(backend),
      clock_(clock),
      random_(random),
      options_(options),
      cache_(std::make_shared<Cache>(options.window)),
      reader_(cache_, FeedAccess{backend, clock, options.load_timeout}),
      catching_up_(1),
      pause_(options.reconnect_min),
      group_(std::move(executor)) {
  drained_.set();
}

CachedStore::~CachedStore() = default;

Async<Status> CachedStore::start() {
  GANTRY_CO_TRY(co_await reload());
  started_ = true;
  group_.spawn("store writer", [this] { return write_forever(); });
  group_.spawn("store follower", [this] { return follow_forever(); });
  co_return Status();
}

Async<Status> CachedStore::stop() {
  stopping_ = true;
  auto drained = drained_.wait();
  (void)co_await async::with_deadline(clock_, options_.commit_timeout, "store: last writes",
                                      std::move(drained));
  co_return co_await abandon();
}

Async<Status> CachedStore::abandon() {
  stopping_ = true;
  group_.stop();
  const Status ended = co_await group_.join();
  for (const auto& pending : std::exchange(queue_, {})) pending->finish(async::cancelled());
  cache_->close();
  co_return ended;
}

Async<Result<ObjectPtr>> CachedStore::create(Resource resource, Json object) {
  auto pending = std::make_shared<PendingWrite>();
  pending->verb = PendingWrite::Verb::create;
  pending->key = key_of(resource, object);
  pending->object = std::move(object);
  co_return co_await submit(std::move(pending));
}

Async<Result<ObjectPtr>> CachedStore::update(Resource resource, Part part, Json object) {
  auto pending = std::make_shared<PendingWrite>();
  pending->verb = PendingWrite::Verb::update;
  pending->key = key_of(resource, object);
  pending->part = part;
  pending->object = std::move(object);
  co_return co_await submit(std::move(pending));
}

Async<Result<ObjectPtr>> CachedStore::remove(Key key, Removal removal) {
  auto pending = std::make_shared<PendingWrite>();
  pending->verb = PendingWrite::Verb::remove;
  pending->key = std::move(key);
  pending->removal = std::move(removal);
  co_return co_await submit(std::move(pending));
}

Async<Result<ObjectPtr>> CachedStore::submit(PendingPtr pending) {
  if (stopping_ || !started_) co_return async::cancelled();
  if (gone()) co_return unavailable();
  if (queue_.size() >= options_.queue_max)
    co_return error(ErrorClass::overload, "store: %d writes are waiting already", queue_.size());
  queue_.push_back(pending);
  drained_.reset();
  work_.set();
  const Status waited = co_await pending->answered.wait();
  // Who was stopped writes nothing any more that was not sent yet.
  if (!waited.ok()) std::erase(queue_, pending);
  GANTRY_CO_TRY(waited);
  co_return *std::move(pending->answer);
}

Result<ObjectPtr> CachedStore::get(const Key& key) const {
  auto object = cache_->find(key);
  if (!object) return object_not_found(key);
  return object;
}

List CachedStore::list(const Resource& resource, const std::string& ns) const {
  Query query;
  query.resource = resource;
  query.ns = ns;
  List list;
  list.revision = cache_->revision();
  for (const auto& record : cache_->select(query, Place()))
    list.items.push_back(cache_->keep(decode(record)));
  return list;
}

Result<std::unique_ptr<Watch>> CachedStore::watch(const Resource& resource, const std::string& ns,
                                                  int64_t revision) {
  std::vector<Change> first;
  if (revision == 0) {
    auto all = list(resource, ns);
    revision = all.revision;
    for (auto& object : all.items)
      first.push_back(Change{ChangeType::added, std::move(object), nullptr});
  }
  GANTRY_TRY_ASSIGN(auto records, cache_->watch(resource, ns, revision));
  return std::make_unique<DecodingWatch>(cache_, std::move(records), std::move(first));
}

Status CachedStore::health() const {
  if (!started_) return make_error(ErrorClass::transport, "the store has not been loaded yet");
  return gone() ? unavailable() : Status();
}

// Clients read this: why, which names hosts and paths, is for the log.
Status CachedStore::unavailable() const {
  auto status =
      error(ErrorClass::transport,
            "the database takes no writes since %s; reads are served as of revision %d, "
            "try writes again in %s",
            to_rfc3339(*gone_since_), cache_->revision(), human_duration(options_.retry_after));
  return with_retry_after(std::move(status), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                 options_.retry_after));
}

Status CachedStore::unclear() const {
  return annotate(unavailable(),
                  "whether this write was stored is not known, look before you repeat it");
}

void CachedStore::lose_database(const Status& why) {
  if (!gone()) {
    gone_since_ = clock_.now();
    pause_ = Duration::zero();
    log::warn("database lost", {{"error", why}, {"revision", cache_->revision()}});
  }
  gone_why_ = why;
  if (waiting_ != nullptr) waiting_->cancel();
  for (const auto& pending : std::exchange(queue_, {})) pending->finish(unavailable());
}

}  // namespace gantry::store
