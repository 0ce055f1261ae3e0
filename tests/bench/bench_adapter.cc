// An adapter for adapter_bench: 16 columns, all of them taken, about 500 bytes a row in GB18030.

#include "plugins/sdk/adapter.h"
#include "plugins/sdk/code_tables.h"
#include "plugins/sdk/declare.h"

namespace anqiao::bench {
namespace {

using namespace ::anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "bench",
      .version = "1.0.0",
      .formats = {
          {.name = "roster",
           .title_zh = "登记册",
           .title_en = "Register",
           .mode = v1::MODE_DELTA,
           .kind = v1::RECORD_KIND_REGISTER,
           .content_type = "text/csv; charset=gb18030",
           .shape = Delimited{.encoding = Encoding::kGb18030},
           .columns = {Required(Text({"编号"}, v1::FIELD_REGISTER_NUMBER)),
                       Text({"姓名"}, v1::FIELD_PERSON_NAME),
                       Text({"曾用名"}, v1::FIELD_FORMER_NAME),
                       Codes({"性别"}, v1::FIELD_SEX, code_tables::kSexByName),
                       CitizenId({"身份证号码"}, v1::FIELD_ID_NUMBER),
                       Date({"出生日期"}, v1::FIELD_BIRTH_DATE),
                       Codes({"民族"}, v1::FIELD_ETHNICITY, code_tables::kEthnicityByName),
                       Codes({"文化程度"}, v1::FIELD_EDUCATION, code_tables::kEducationByName),
                       Codes({"婚姻状况"}, v1::FIELD_MARITAL_STATUS,
                             code_tables::kMaritalStatusByName),
                       Text({"户籍地"}, v1::FIELD_REGISTERED_DIVISION),
                       Text({"常住地址"}, v1::FIELD_ADDRESS),
                       Division({"所属网格"}, v1::FIELD_DIVISION),
                       Phone({"联系电话"}, v1::FIELD_PHONE),
                       Date({"首吸时间"}, v1::FIELD_FIRST_USE_DATE),
                       Date({"查获日期"}, v1::FIELD_SEIZURE_DATE),
                       Text({"滥用毒品种类"}, v1::FIELD_SUBSTANCE)},
           .key = {"编号"}}}};
  return declaration;
}

}  // namespace
}  // namespace anqiao::bench

ANQIAO_ADAPTER(anqiao::bench::Declare)
