#pragma once
// Renderer: objects as a client wants to see them: as they are, as metadata only, as rows of a
// table; compact, indented, or as YAML.
#include <optional>
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/base/time.h"
#include "pkg/store/record.h"

namespace gantry::apiserver {

struct ListMeta {
  int64_t revision = 0;
  std::string continue_token;       // empty: this is the last page
  std::optional<size_t> remaining;  // not told with selectors
};

// Compact JSON is put together from pieces of the records: nothing is parsed or serialised, but for
// the cells of a table's row, once a record. The other forms are made item by item.
class Renderer {
 public:
  // `include` is ?includeObject= of tables: None, Metadata (when empty) or Object.
  Renderer(const api::meta::Kind& kind, const Accepted& accepted, std::string include, Time now);

  std::string content_type() const;
  // The whole answer about one object.
  std::string object(const store::Record& record) const;

  // A list is its frame's begin, the items, its frame's end.
  struct Frame {
    std::string begin;
    std::string end;
  };
  // In compact JSON all that changes with `meta` is in the end.
  Frame frame(const ListMeta& meta) const;
  void append_item(const store::Record& record, bool first, std::string& out) const;

  // What stands in an event of a watch: compact JSON. Column definitions are sent once a stream.
  void append_event(const store::Record& record, bool columns, std::string& out) const;
  // metadata.resourceVersion and nothing else, for bookmarks.
  std::string bookmark(int64_t revision, bool initial_events_end) const;

  // Ages are reckoned from here on; a stream moves it along.
  void set_now(Time now) { now_ = now; }
  // Whether the same records give the same text later: tables show ages.
  bool is_timeless() const { return accepted_.shape != Shape::table; }

 private:
  void append_metadata(const store::Record& record, std::string& out) const;
  void append_object(const store::Record& record, std::string& out) const;
  void append_partial(const store::Record& record, std::string& out) const;
  void append_row(const store::Record& record, std::string& out) const;
  void append_table(const store::Record& record, bool columns, std::string& out) const;
  void append_compact(const store::Record& record, std::string& out) const;
  std::string compact_end(const ListMeta& meta) const;

  const api::meta::Kind& kind_;
  Accepted accepted_;
  std::string include_;
  Time now_;
  std::string columns_;  // the column definitions, as JSON
};

// An answer that is no stored object (a Scale, a Status), in the accepted notation.
std::string serialise(const Json& value, const Accepted& accepted);

}  // namespace gantry::apiserver
