#include "pkg/apiserver/views/view.h"

#include "api/kinds.h"
#include "api/views/views.h"
#include "pkg/base/testing.h"

namespace gantry::apiserver {
namespace {

TEST(View, MakesEveryKindOfViewFromAStoredOne) {
  EXPECT_EQ(all_views().size(), api::views::all_kinds().size());
  for (const auto& kind : api::views::all_kinds()) {
    const auto* view = find_view(kind.resource());
    ASSERT_NE(view, nullptr) << kind.resource();
    EXPECT_EQ(api::find_by_resource(kind.resource()), nullptr) << kind.resource() << " is stored";
    if (view->source.empty()) continue;
    EXPECT_NE(api::find_by_resource(view->source), nullptr) << view->source;
  }
}

}  // namespace
}  // namespace gantry::apiserver
