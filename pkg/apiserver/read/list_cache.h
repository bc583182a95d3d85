#pragma once
// ListCache: compressed lists, kept as long as their collection does not change.
#include <list>
#include <memory>
#include <string>

#include "pkg/async/event.h"
#include "pkg/http/gzip/gzip.h"

namespace gantry::apiserver {

// Everything of a list but its end, where its revision stands.
using PackedList = std::shared_ptr<const http::GzipPrefix>;

class ListCache {
 public:
  // A list that is packed, or is being packed by the first who asked for it.
  struct Entry {
    std::string key;         // which list, in which form
    int64_t changed_at = 0;  // the collection's newest change
    PackedList packed;       // null: not yet, or given up
    bool building = false;
    async::Event done;
  };
  using EntryPtr = std::shared_ptr<Entry>;

  // The entry for a list as of its collection's last change. Whoever gets one that neither is
  // packed nor is being built shall build it: begin(), then finish().
  EntryPtr find(const std::string& key, int64_t changed_at);
  static void begin(Entry& entry) { entry.building = true; }
  // `packed` null: it could not be done, the next one shall try.
  void finish(Entry& entry, PackedList packed);

  size_t bytes() const;

 private:
  void shrink();
  std::list<EntryPtr> entries_;  // the one used last comes first
};

}  // namespace gantry::apiserver
