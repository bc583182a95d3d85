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
  const auto accepted = negotiate(request, "");
  ASSERT_THAT(accepted, IsOk());
  EXPECT_EQ(accepted->shape, Shape::table);
  request.headers["Accept"] = "application/xml";
  EXPECT_THAT(negotiate(request, ""), Fails(ErrorClass::unsupported));
}

TEST(Negotiate, DropsManagedFieldsWhereAsked) {
  http::Request request;
  request.headers["Accept"] = "application/json;drop=metadata.managedFields";
  const auto accepted = negotiate(request, "");
  ASSERT_THAT(accepted, IsOk());
  EXPECT_TRUE(accepted->drop_managed_fields);
  EXPECT_EQ(accepted->shape, Shape::object);
}

TEST(Negotiate, IndentsForPeople) {
  http::Request request;
  EXPECT_FALSE(negotiate(request, "")->pretty);
  EXPECT_TRUE(negotiate(request, "true")->pretty);
  request.headers["User-Agent"] = "curl/7.88.1";
  EXPECT_TRUE(negotiate(request, "")->pretty);
  EXPECT_FALSE(negotiate(request, "false")->pretty);
  EXPECT_FALSE(negotiate(request, "0")->pretty);
}

}  // namespace
}  // namespace gantry::apiserver
