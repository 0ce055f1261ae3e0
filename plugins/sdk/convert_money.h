// Money to whole fen, exactly, and back. Pure.

#ifndef ANQIAO_PLUGINS_SDK_CONVERT_MONEY_H_
#define ANQIAO_PLUGINS_SDK_CONVERT_MONEY_H_

#include <string>
#include <string_view>

#include "plugins/sdk/declare.h"
#include "plugins/sdk/fault.h"

namespace anqiao::sdk {

// Yuan with up to two decimals as fen: digits and a point, nothing else.
Fault ConvertYuan(std::string_view text, std::string& out);

// "1,234.50", "￥1234.5元", "0.5万元", "123450分" and the like as fen; "unit" is that of an amount
// that names none. VALUE_INVALID: it is none, is negative, has a part of a fen, misplaces a
// separator, or is over 9,999,999,999.99 yuan.
Fault ConvertMoney(std::string_view text, MoneyUnit unit, std::string& out);

// Whole fen in "unit": "1234.50", "0.1234" (of ten thousand yuan, without needless zeros) or
// "123450".
Fault UnconvertMoney(std::string_view fen, MoneyUnit unit, std::string& out);

}  // namespace anqiao::sdk

#endif  // ANQIAO_PLUGINS_SDK_CONVERT_MONEY_H_
