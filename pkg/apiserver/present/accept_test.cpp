#include "pkg/apiserver/present/accept.h"

#include "pkg/base/testing.h"

namespace gantry::apiserver {
namespace {

using gantry::testing::Fails;
using gantry::testing::IsOk;

TEST(Negotiate, TakesTheFirstFormItCanWrite) {
  http::Request request;
  request.headers["Accept"] =
      "application/vnd.kubernetes.protobuf,application/json;as=Table;v=v1;g=meta.k8s.io,"
      "application/json";
  const auto accepted = negotiate(request, false);
  ASSERT_THAT(accepted, IsOk());
  EXPECT_EQ(accepted->shape, Shape::table);
  request.headers["Accept"] = "application/xml";
  EXPECT_THAT(negotiate(request, false), Fails(ErrorClass::unsupported));
}

}  // namespace
}  // namespace gantry::apiserver
