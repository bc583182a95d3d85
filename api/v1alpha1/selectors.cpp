#include "api/v1alpha1/selectors.h"

#include <absl/strings/str_format.h>

#include "pkg/schema/format.h"

namespace gantry::api::v1alpha1 {

const cel::Declarations& node_selector_declarations() {
  static const cel::Declarations declarations = cel::Declarations().add("node", cel::node_type());
  return declarations;
}

const cel::Declarations& storage_selector_declarations() {
  static const cel::Declarations declarations =
      cel::Declarations().add("storage", cel::storage_type());
  return declarations;
}

void check_selector(schema::Problems& problems, std::string_view path, const std::string& text,
                    const cel::Declarations& declarations) {
  if (text.empty()) return;
  const auto selector = cel::Selector::compile(text, declarations);
  if (selector.ok()) return;
  problems.push_back({std::string(path), schema::Reason::invalid,
                      absl::StrFormat("must be a CEL expression that yields true or false: %s",
                                      message_of(selector.status())),
                      &schema::format::cel});
}

}  // namespace gantry::api::v1alpha1
