#include "pkg/apiserver/request/body.h"

#include "pkg/base/testing.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using ::testing::HasSubstr;

TEST(ReadBody, ReadsYamlAndNamesThePlaceOfAnError) {
  http::Request request;
  request.headers["Content-Type"] = "application/yaml";
  request.body = "a: 1\nb: [2";
  EXPECT_THAT(read_body(request), Fails(ErrorClass::invalid, HasSubstr("line ")));
  request.headers["Content-Type"] = "text/csv";
  EXPECT_THAT(read_body(request), Fails(ErrorClass::unsupported, HasSubstr("text/csv")));
}

}  // namespace
}  // namespace gantry::apiserver
