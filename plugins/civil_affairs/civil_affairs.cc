// Civil affairs: households on minimum living relief, urban and rural (hub/doc/formats.md).

#include "plugins/sdk/adapter.h"
#include "plugins/sdk/declare.h"

namespace anqiao::civil_affairs {
namespace {

using namespace ::anqiao::sdk;  // NOLINT(google-build-using-namespace): the words of a declaration.

constexpr Code kRelation[] = {
    {"本人", "HEAD"}, {"配偶", "SPOUSE"}, {"子女", "CHILD"}, {"父母", "PARENT"}, {"其他", "OTHER"}};

Format Relief(std::string_view name, std::string_view title_zh, std::string_view title_en,
              std::string_view kind, std::string_view other_file_name) {
  return {
      .name = name,
      .title_zh = title_zh,
      .title_en = title_en,
      .mode = v1::MODE_SNAPSHOT,
      .kind = v1::RECORD_KIND_HOUSEHOLD_RELIEF,
      .content_type = "text/csv; charset=utf-8",
      .encodes = true,
      .shape = Delimited{.encoding = Encoding::kUtf8,
                         .header_row = 2,
                         .header_rows = 2,
                         .byte_order_mark = true},
      .columns = {Lenient(Division({"地区"}, v1::FIELD_DIVISION)),
                  Required(AlsoAs(Text({"低保证号"}, v1::FIELD_RELIEF_CERTIFICATE),
                                  v1::FIELD_HOUSEHOLD_KEY)),
                  Ignored({"户主姓名"}), Required(Ignored({"成员.序号"})),
                  RequiredHeader(Text({"成员.姓名"}, v1::FIELD_PERSON_NAME)),
                  RequiredHeader(OrAsWritten(CitizenId({"成员.身份证号"}, v1::FIELD_ID_NUMBER))),
                  Codes({"成员.与户主关系"}, v1::FIELD_HOUSEHOLD_RELATION, kRelation),
                  Required(OrDayNumber(Month({"起始保障年月"}, v1::FIELD_RELIEF_FROM_MONTH))),
                  Ignored({"保障.保障人数"}),
                  Money({"保障.月保障金额"}, v1::FIELD_MONTHLY_AMOUNT_FEN),
                  Flag({"家庭.零就业家庭"}, v1::FIELD_ZERO_EMPLOYMENT),
                  // As written: several numbers may stand there, and the hub takes each.
                  Text({"家庭.联系电话"}, v1::FIELD_PHONE), Text({"家庭.住址"}, v1::FIELD_ADDRESS),
                  Ignored({"账户.开户银行"}), Ignored({"账户.账户名称"}),
                  Ignored({"账户.银行账号"})},
      .key = {"低保证号", "成员.序号"},
      .constants = {{v1::FIELD_RELIEF_KIND, kind}},
      .other_file_names = {other_file_name}};
}

const Declaration& Declare() {
  static const Declaration declaration = {
      .name = "civil_affairs",
      .version = "1.1.0",
      .formats = {Relief("urban_relief", "城市最低生活保障名册", "Urban minimum living relief",
                         "URBAN_MINIMUM_LIVING", "农保"),
                  Relief("rural_relief", "农村最低生活保障名册", "Rural minimum living relief",
                         "RURAL_MINIMUM_LIVING", "城保")}};
  return declaration;
}

}  // namespace
}  // namespace anqiao::civil_affairs

ANQIAO_ADAPTER(anqiao::civil_affairs::Declare)
