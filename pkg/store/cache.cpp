#include "pkg/store/cache.h"

#include "pkg/base/check.h"

namespace gantry::store {

// A position in the cache's window. Everything up to position_ has been delivered.
class CacheWatch final : public Watch {
 public:
  CacheWatch(std::shared_ptr<Cache> cache, Resource resource, std::string ns, int64_t position,
             std::vector<Change> first)
      : cache_(std::move(cache)),
        resource_(std::move(resource)),
        ns_(std::move(ns)),
        position_(position),
        life_(cache_->life_),
        first_(std::move(first)) {}

  Async<Result<std::vector<Change>>> next() override {
    if (!first_.empty()) co_return std::exchange(first_, {});
    while (true) {
      if (cache_->closed_) co_return async::cancelled();
      auto changes = pending();
      if (!changes) co_return expired("the watch fell behind the kept changes; list again");
      position_ = cache_->revision();
      if (!changes->empty()) co_return *std::move(changes);
      GANTRY_CO_TRY(co_await cache_->window_.waiters(resource_).park());
    }
  }

  int64_t revision() const override {
    if (!first_.empty()) return 0;
    const auto changes = pending();
    const bool idle = changes && changes->empty();
    return idle ? cache_->revision() : position_;
  }

 private:
  std::optional<std::vector<Change>> pending() const {
    if (life_ != cache_->life_) return std::nullopt;
    return cache_->window_.after(resource_, ns_, position_);
  }

  std::shared_ptr<Cache> cache_;
  Resource resource_;
  std::string ns_;
  int64_t position_;
  int64_t life_;
  std::vector<Change> first_;
};

ObjectPtr Cache::find(const Key& key) const {
  const auto names = objects_.find(key.resource);
  if (names == objects_.end()) return nullptr;
  const auto object = names->second.find({key.ns, key.name});
  return object == names->second.end() ? nullptr : object->second;
}

std::vector<ObjectPtr> Cache::list(const Resource& resource, const std::string& ns) const {
  std::vector<ObjectPtr> items;
  const auto names = objects_.find(resource);
  if (names == objects_.end()) return items;
  if (ns.empty()) items.reserve(names->second.size());
  auto object = names->second.lower_bound({ns, ""});
  for (; object != names->second.end() && (ns.empty() || object->first.first == ns); ++object)
    items.push_back(object->second);
  return items;
}

size_t Cache::size() const {
  size_t count = 0;
  for (const auto& [resource, names] : objects_) count += names.size();
  return count;
}

void Cache::reset(const std::vector<ObjectPtr>& objects, int64_t revision) {
  objects_.clear();
  for (const auto& object : objects) {
    const auto& key = object->key;
    objects_[key.resource][{key.ns, key.name}] = object;
  }
  revision_ = revision;
  ++life_;
  touched_.clear();
  window_.reset(revision);
}

void Cache::apply(WriteType type, ObjectPtr object, Time now) {
  GANTRY_CHECK(object->revision == revision_ + 1);
  revision_ = object->revision;
  const Key key = object->key;
  auto& names = objects_[key.resource];
  const auto place = names.find({key.ns, key.name});
  Change change;
  change.previous = place == names.end() ? nullptr : place->second;
  if (type == WriteType::erase) {
    change.type = ChangeType::deleted;
    names.erase(std::pair(key.ns, key.name));
  } else {
    change.type = change.previous ? ChangeType::modified : ChangeType::added;
    names[{key.ns, key.name}] = object;
  }
  change.object = std::move(object);
  window_.append(std::move(change), now);
  touched_.insert(key.resource);
}

void Cache::publish() {
  for (const auto& resource : touched_) window_.wake(resource);
  touched_.clear();
}

void Cache::close() {
  closed_ = true;
  window_.wake_all(async::cancelled());
}

Result<std::unique_ptr<Watch>> Cache::watch(const Resource& resource, const std::string& ns,
                                            int64_t revision) {
  if (closed_) return async::cancelled();
  std::vector<Change> first;
  auto position = revision;
  if (revision == 0) {
    for (auto& object : list(resource, ns))
      first.push_back(Change{ChangeType::added, std::move(object), nullptr});
    position = revision_;
  }
  if (position > revision_)
    return expired(absl::StrFormat("revision %d is newer than this store (%d); list again",
                                   position, revision_));
  if (!window_.after(resource, ns, position))
    return expired(absl::StrFormat("too old resource version: %d (%d)", position, revision_));
  return std::make_unique<CacheWatch>(shared_from_this(), resource, ns, position, std::move(first));
}

}  // namespace gantry::store
