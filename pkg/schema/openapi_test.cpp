#include "pkg/schema/openapi.h"

#include "pkg/base/golden.h"
#include "pkg/base/testing.h"
#include "pkg/schema/json.h"
#include "pkg/schema/reference.h"
#include "pkg/schema/toy_test.h"

namespace gantry::schema {
namespace {

TEST(OpenApi, SaysWhatTheDeclarationSays) {
  EXPECT_GOLDEN("testdata/toy-v3.json",
                to_pretty_json(openapi(*type_of<toy::Toy>(), OpenApi::v3)) + "\n");
}

TEST(OpenApi, HasNoChoicesInVersion2) {
  const Json schema = openapi(*type_of<toy::Toy>(), OpenApi::v2);
  const Json& memory = *schema.find_path({"properties", "memory"});
  EXPECT_EQ(*memory.find("type"), Json("string"));
  EXPECT_EQ(*memory.find("format"), Json("int-or-string"));
  EXPECT_EQ(memory.find("anyOf"), nullptr);
}

TEST(Reference, HasATableForEveryObject) {
  EXPECT_GOLDEN("testdata/toy.md", reference(*type_of<toy::Toy>(), "spec", 2));
}

}  // namespace
}  // namespace gantry::schema
