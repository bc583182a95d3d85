#pragma once
// Collection: the current records of one resource, in order, with an index over labels and declared
// fields.
#include <string>
#include <utility>
#include <vector>

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>

#include "pkg/store/selector.h"

namespace gantry::store {

// Namespace and name.
using Place = std::pair<std::string, std::string>;

class Collection {
 public:
  // Null when there is none.
  RecordPtr find(std::string_view ns, std::string_view name) const;
  // Replaces what had the same place, and answers that.
  RecordPtr put(RecordPtr record);
  RecordPtr erase(std::string_view ns, std::string_view name);
  size_t size() const { return records_.size(); }

  // By namespace and name, of one namespace (empty: of all), beyond `after` (empty: from the
  // beginning). O(log n + answer) without a selector; with one that asks for a value of a label or
  // field, O(log n + objects that have that value).
  std::vector<RecordPtr> select(const std::string& ns, const Selector& selector,
                                const Place& after) const;

 private:
  struct ByPlace {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    static View view(const RecordPtr& record) { return {record->key.ns, record->key.name}; }
    static View view(const Place& place) { return {place.first, place.second}; }
    static View view(const View& place) { return place; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
  };
  using Records = absl::btree_set<RecordPtr, ByPlace>;

  // The records that have one value of one label or field.
  using Terms = absl::flat_hash_map<std::string, Records>;
  static std::vector<std::string> terms_of(const Record& record);
  // The smallest sets that hold everything that matches; nullopt: no index helps.
  std::optional<std::vector<const Records*>> candidates(const Selector& selector) const;

  Records records_;
  Terms terms_;
};

}  // namespace gantry::store
