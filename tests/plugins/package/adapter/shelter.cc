#include "plugins/sdk/adapter.h"
#include "plugins/sdk/code_tables.h"

namespace {

using namespace anqiao::sdk;

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "shelter",
      .version = "1.0.0",
      .formats = {{.name = "guests",
                   .title_zh = "救助站名册",
                   .title_en = "Guests of a shelter",
                   .mode = v1::MODE_DELTA,
                   .kind = v1::RECORD_KIND_HOUSEHOLD_RELIEF,
                   .content_type = "text/csv; charset=gb18030",
                   .encodes = true,
                   .shape = Delimited{.encoding = Encoding::kGb18030, .header_row = 2},
                   .columns = {Required(Text({"编号"}, v1::FIELD_HOUSEHOLD_KEY)),
                               Text({"姓名"}, v1::FIELD_PERSON_NAME),
                               Codes({"性别"}, v1::FIELD_SEX, code_tables::kSexByName),
                               CitizenId({"身份证号", "公民身份号码"}, v1::FIELD_ID_NUMBER),
                               Phone({"电话"}, v1::FIELD_PHONE),
                               Required(Month({"起始年月"}, v1::FIELD_RELIEF_FROM_MONTH)),
                               Money({"金额"}, v1::FIELD_MONTHLY_AMOUNT_FEN)},
                   .key = {"编号"},
                   .constants = {{v1::FIELD_RELIEF_KIND, "TEMPORARY"}}}}};
  return declaration;
}

}  // namespace

ANQIAO_ADAPTER(Declare)
