#include "pkg/apiserver/views/view_reader.h"

#include "pkg/store/object.h"

namespace gantry::apiserver {
namespace {

using store::RecordPtr;

// Null when there is none for it.
RecordPtr seen_as(const View& view, const RecordPtr& source) {
  if (!source || view.make == nullptr) return nullptr;
  auto made = view.make(store::decode(source)->value);
  if (!made) return nullptr;
  const store::Key key{view.resource, source->key.ns, source->key.name};
  return store::make_own_record(key, source->uid, source->revision,
                                store::stored_text(*std::move(made)));
}

store::Query source_of(const View& view, const store::Query& query) {
  return {view.source.empty() ? view.resource : view.source, query.ns, {}};
}

// The part of a whole list that was asked for.
store::Page page_of(const View& view, store::Page sources, const store::Query& query,
                    const store::PageOf& part) {
  store::Page page;
  page.revision = sources.revision;
  for (const auto& source : sources.items) {
    if (store::Place(source->key.ns, source->key.name) <= part.after) continue;
    auto record = seen_as(view, source);
    if (!record || !query.selector.matches(*record)) continue;
    if (part.limit != 0 && page.items.size() >= part.limit)
      ++page.remaining;
    else
      page.items.push_back(std::move(record));
  }
  return page;
}

// The changes of the source, as changes of the view.
class ViewWatch final : public store::RecordWatch {
 public:
  ViewWatch(const View& view, std::unique_ptr<store::RecordWatch> source)
      : view_(view), source_(std::move(source)) {}

  Async<Result<std::vector<store::RecordChange>>> next(size_t limit) override {
    std::vector<store::RecordChange> seen;
    while (seen.empty()) {
      auto changes = co_await source_->next(limit);
      if (!changes.ok()) co_return changes.status();
      if (changes->empty()) break;  // interrupted
      for (const auto& change : *changes) append(change, seen);
    }
    co_return seen;
  }
  void interrupt() override { source_->interrupt(); }
  int64_t revision() const override { return source_->revision(); }

 private:
  void append(const store::RecordChange& change, std::vector<store::RecordChange>& seen) const {
    store::RecordChange made;
    made.record = seen_as(view_, change.record);
    made.previous = seen_as(view_, change.previous);
    if (!made.record && !made.previous) return;
    made.type = change.type;
    if (change.type == store::ChangeType::deleted && !made.record) made.record = made.previous;
    if (change.type == store::ChangeType::modified && !made.previous)
      made.type = store::ChangeType::added;
    if (change.type == store::ChangeType::modified && !made.record) {
      made.type = store::ChangeType::deleted;
      made.record = gone(*change.record, made.previous);
    }
    seen.push_back(std::move(made));
  }

  // The last state, with the revision of what ended it.
  static RecordPtr gone(const store::Record& now, const RecordPtr& last) {
    return store::make_own_record(last->key, last->uid, now.revision,
                                  store::stored_text(store::decode(last)->value));
  }

  const View& view_;
  std::unique_ptr<store::RecordWatch> source_;
};

}  // namespace

RecordPtr ViewReader::find(const store::Key& key) const {
  const auto* view = find_view(key.resource);
  if (view == nullptr) return stored_.find(key);
  if (view->source.empty()) return nullptr;
  const store::Key source{view->source, key.ns, key.name};
  return seen_as(*view, stored_.find(source));
}

int64_t ViewReader::changed_at(const store::Resource& resource) const {
  const auto* view = find_view(resource);
  return stored_.changed_at(view == nullptr || view->source.empty() ? resource : view->source);
}

store::Page ViewReader::list(const store::Query& query, const store::PageOf& part) const {
  const auto* view = find_view(query.resource);
  if (view == nullptr) return stored_.list(query, part);
  return page_of(*view, stored_.list(source_of(*view, query), {}), query, part);
}

Async<Result<store::Page>> ViewReader::list_at(store::Query query, store::PageOf part,
                                               int64_t revision) {
  const auto* view = find_view(query.resource);
  if (view == nullptr) {
    auto page = co_await stored_.list_at(std::move(query), std::move(part), revision);
    co_return page;
  }
  auto source = source_of(*view, query);
  store::PageOf whole;
  auto page = co_await stored_.list_at(std::move(source), std::move(whole), revision);
  if (!page.ok()) co_return page.status();
  co_return page_of(*view, *std::move(page), query, part);
}

Async<Result<std::unique_ptr<store::RecordWatch>>> ViewReader::watch(store::Resource resource,
                                                                     std::string ns,
                                                                     int64_t revision) {
  const auto* view = find_view(resource);
  if (view != nullptr && !view->source.empty()) resource = view->source;
  auto watch = co_await stored_.watch(std::move(resource), std::move(ns), revision);
  if (!watch.ok() || view == nullptr) co_return watch;
  std::unique_ptr<store::RecordWatch> seen = std::make_unique<ViewWatch>(*view, *std::move(watch));
  co_return seen;
}

}  // namespace gantry::apiserver
