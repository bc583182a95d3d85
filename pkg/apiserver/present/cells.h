#pragma once
// The cells of a table's row, and what the columns are.
#include <string>

#include "api/meta/kind.h"
#include "pkg/base/time.h"
#include "pkg/store/record.h"

namespace gantry::apiserver {

// metav1.TableColumnDefinition of Name, the kind's columns, and Age.
Json column_definitions(const api::meta::Kind& kind);

// The cells between the brackets: `"web-1",3,"5m"`. A record is looked into once, its ages are
// reckoned each time.
void append_cells(const api::meta::Kind& kind, const store::Record& record, Time now,
                  std::string& out);

}  // namespace gantry::apiserver
