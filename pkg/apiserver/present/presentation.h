#pragma once
// How objects are shown: as they are, as metadata only, as rows of a table.
#include <string>
#include <vector>

#include "api/meta/kind.h"
#include "pkg/apiserver/present/accept.h"
#include "pkg/base/time.h"
#include "pkg/store/store.h"

namespace gantry::apiserver {

// metav1.PartialObjectMetadata of an object.
Json partial_metadata(const Json& object);

// metav1.Table. `include` is ?includeObject=: None, Metadata (default) or Object. The column
// definitions are left out when `headers` is false (all but the first event of a watch).
Json make_table(const api::meta::Kind& kind, const std::vector<const Json*>& objects,
                const std::string& include, Time now, bool headers);

// The text of one object in the accepted shape; `text` is its ready serialisation.
std::string present(const api::meta::Kind& kind, const Json& object, const std::string& text,
                    const Accepted& accepted, const std::string& include, Time now);

// The text of a whole list. O(total size); objects are not serialised again for plain JSON.
std::string present_list(const api::meta::Kind& kind, const std::vector<store::ObjectPtr>& items,
                         int64_t revision, const Accepted& accepted, const std::string& include,
                         Time now);

}  // namespace gantry::apiserver
