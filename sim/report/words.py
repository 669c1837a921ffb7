"""Every text of the report, English and Chinese side by side."""

from __future__ import annotations

from sim.report.agree_words import AGREE_TEXTS
from sim.report.study_words import STUDY_TEXTS

LANGUAGES = ("en", "zh")

TEXTS: dict[str, tuple[str, str]] = {
    # --- small words
    "and": (" and ", "，并"),
    "comma": (", ", "，"),
    "place.region": ("all {n} cities", "全部{n}个城市"),
    "place.government": ("Government of {name}", "{name}政府"),
    "place.centre": ("Centre", "中央"),
    "place.pool": ("Savers", "储蓄者"),
    "policy.none": ("no policy", "不出台新政策"),
    "policy.governments": ("governments that decide for themselves", "地方政府自行决策"),
    "policy.assessment_reform": ("the region's result in every city's assessment", "把区域整体表现纳入各市考核"),
    "policy.blue_sky": ("control of air pollution", "大气污染治理"),
    "policy.entry_standards": ("environmental standards for plants that move in", "转入企业环保准入门槛"),
    "policy.free_relocation": ("free relocation of firms inside a zone", "区内企业自由迁移"),
    "policy.free_trade_zone": ("a special economic zone", "特殊经济功能区"),
    "policy.harmonised_rules": ("common rules that limit subsidies", "统一规则、限制补贴"),
    "policy.hukou_reform": ("giving newcomers what locals get", "放开户籍、公共服务覆盖常住人口"),
    "policy.industry_transfer": ("moving ordinary manufacturing out of the core", "一般制造业向外疏解"),
    "policy.joint_projects": ("building joint projects and sharing their cost", "共建项目、分摊成本"),
    "policy.rail_lines": ("opening railway lines", "新铁路开通"),
    "policy.land_quota_trade": ("trading land quotas between cities", "城市间交易用地指标"),
    "policy.market_integration": ("opening the provincial borders to trade", "打破省际市场壁垒"),
    "policy.metro_areas": ("metropolitan areas that become one city", "都市圈同城化"),
    "policy.rural_revitalisation": ("developing the countryside", "乡村振兴"),
    "policy.service_floor": ("a floor under public spending per head", "设定人均公共支出下限"),
    "policy.service_sharing": ("services that are valid across provinces", "公共服务跨省互认"),
    "policy.tax_sharing": ("sharing what cities collect under contracts", "城市间按协议分享税收"),
    "policy.standards_recognition": ("recognising each other's standards and tests", "标准和检测结果互认"),
    "policy.river_contract": ("contracts about water between upstream and downstream", "上下游城市水质补偿协议"),
    "policy.xinan_compensation": ("compensation for the water of the Xin'an river", "新安江流域生态补偿"),
    "policy.toll_gates": ("removing toll gates at provincial borders", "取消省界收费站"),
    "policy.customs_union": ("one customs with a single window", "通关一体化和单一窗口"),
    "policy.capital_market": ("one capital market", "统一资本市场"),
    "policy.innovation_community": ("a common space of innovation", "建设科技创新共同体"),
    "policy.g60_corridor": ("the G60 corridor of science and innovation", "G60科创走廊"),
    "policy.digital_delta": ("faster networks and digital firms", "建设数字长三角"),
    "policy.technology_market": ("one market for technology", "统一技术市场"),
    "policy.opening_hub": ("a hub open to the world", "开放枢纽"),
    "policy.dual_control": ("dual control of energy", "能耗双控"),
    "policy.rights_trading": ("trading rights to emit or to use energy and water", "排污、碳、用能与用水权交易"),
    "caution.innovation_community": (
        "How large this is rests on the elasticity of others' knowledge and on how far links raise it: two judgements, "
        "the second with no estimate behind it.",
        "这一幅度取决于他人知识的产出弹性和联系的放大程度，两者均为判断值，后者没有估计依据。",
    ),
    "caution.g60_corridor": (
        "How large this is rests on the elasticity of others' knowledge and on how far links raise it: two judgements, "
        "the second with no estimate behind it.",
        "这一幅度取决于他人知识的产出弹性和联系的放大程度，两者均为判断值，后者没有估计依据。",
    ),
    "caution.capital_market": (
        "What the capital market brings of this is not to be quoted by itself: it rests on base-year differences in "
        "returns between cities, which carry the error of imputed capital stocks.",
        "其中统一资本市场的贡献不宜单独引用：它取决于基年各市资本回报率的差异，而资本存量为推算值，误差较大。",
    ),
    # --- units
    "unit.money": ("100 million yuan", "亿元"),
    "unit.real": ("100 million yuan at {base} prices", "亿元（{base}年价）"),
    "unit.people": ("10,000 persons", "万人"),
    "unit.change": ("% of the reference", "相对基准，%"),
    "unit.pace": ("% a year", "年均，%"),
    "unit.ratio": ("ratio", "比值"),
    "unit.ug/m3": ("µg/m³", "微克/立方米"),
    "unit.%": ("%", "%"),
    "unit.10,000 yuan": ("10,000 yuan", "万元"),
    "unit.km per 10,000 km2": ("km per 10,000 km²", "公里/万平方公里"),
    "unit.km per 100 km2": ("km per 100 km²", "公里/百平方公里"),
    "unit.% of GDP": ("% of GDP", "占GDP的%"),
    "unit.years": ("years", "年"),
    "unit.% change": ("% change", "变化，%"),
    # --- columns of the result tables
    "column.real_income": ("Real income", "实际收入"),
    "column.real_gdp": ("Real GDP", "实际GDP"),
    "column.gdp": ("GDP", "GDP（名义）"),
    "column.gni": ("Income of residents (GNI)", "居民总收入（GNI）"),
    "column.own_revenue": ("Own revenue", "本级财政收入"),
    "column.public_spending": ("Public spending", "财政支出"),
    "column.general_transfer": ("Transfers from above", "上级转移支付"),
    "column.central_tax": ("Taxes to the centre", "上缴中央税收"),
    "column.consumption": ("Household consumption", "居民消费"),
    "column.investment": ("Investment", "投资"),
    "column.capital": ("Private capital", "私人资本存量"),
    "column.labour": ("Employment", "就业"),
    "column.resident_population": ("Residents", "常住人口"),
    "column.newcomers": ("Without local registration", "非户籍常住人口"),
    "column.real_wage": ("Real wage", "实际工资"),
    "column.service_quality": ("Services per head", "人均公共服务"),
    "column.net_migration": ("Net migration", "净迁入"),
    "column.foreign_capital": ("Capital bought by the world since the base year", "基年以来新增外资资本存量"),
    "column.foreign_investment": ("New investment from abroad", "新增外资投资"),
    "column.foreign_income": ("Income paid on new foreign capital", "新增外资所得"),
    # --- the answer
    "answer.people_gain": (
        "By {year} {amount} more people live in {city} than otherwise ({resident_population}), the most of {count} "
        "cities that gain people; real wages there change by {real_wage}, services per head by {service_quality}. ",
        "到{year}年，{city}常住人口比不实施时多{amount}人（{resident_population}），在{count}个人口增加的城市中最多；"
        "当地实际工资变化{real_wage}，人均公共服务变化{service_quality}。",
    ),
    "answer.people_loss": (
        "In {year} {amount} fewer live in {city} ({resident_population}), the most of {count} cities that lose people; "
        "real wages there change by {real_wage}.",
        "{year}年，{city}常住人口比不实施时少{amount}人（{resident_population}），在{count}个人口减少的城市中最多；"
        "当地实际工资变化{real_wage}。",
    ),
    "answer.air": (
        "In {year} residents breathe {now} µg/m³ of PM2.5 instead of {before} ({pct}); it falls in {down} cities, most "
        "in {best} ({best_pct}), and rises in {up}, most in {worst} ({worst_pct}). Cleaning costs {cost}, not {paid}.",
        "{year}年，居民平均接触的PM2.5浓度为{now}微克/立方米，参照情景为{before}（{pct}）；{down}个城市下降，{best}降幅最大"
        "（{best_pct}），{up}个城市上升，{worst}升幅最大（{worst_pct}）。治理成本为{cost}，参照情景为{paid}。",
    ),
    "answer.water_falls": (
        "Dirty water costs residents {cost} in {year} without the policy and {change} less with it, {most} of that in "
        "{best}; real income does not count it.",
        "{year}年，无该政策时水污染给居民造成的损失为{cost}，实施后减少{change}，其中{best}减少{most}；实际收入未计入此项。",
    ),
    "answer.water_rises": (
        "Dirty water costs residents {cost} in {year} without the policy and {change} more with it, though {most} less "
        "in {best}; real income does not count it.",
        "{year}年，无该政策时水污染给居民造成的损失为{cost}，实施后增加{change}，{best}则减少{most}；实际收入未计入此项。",
    ),
    "answer.gateways": (
        "Trade with the world fills the {gateway} to {now} of what it can handle in {year}, instead of {before}; "
        "waiting there is {wait} {way} than without.",
        "{year}年，{gateway}的利用率为{now}，参照情景为{before}；等待时间比参照情景{way}{wait}。",
    ),
    "answer.hours": ("{n} hours", "{n}小时"),
    "answer.minutes": ("{n} minutes", "{n}分钟"),
    "answer.longer": ("longer", "长"),
    "answer.shorter": ("shorter", "短"),
    "answer.air_falls": (
        "In {year} residents breathe {now} µg/m³ of PM2.5 instead of {before} ({pct}); it falls in all {down} cities, "
        "most in {best} ({best_pct}), least in {worst} ({worst_pct}). Cleaning costs {cost}, not {paid}.",
        "{year}年，居民平均接触的PM2.5浓度为{now}微克/立方米，参照情景为{before}（{pct}）；{down}个城市全部下降，{best}降幅"
        "最大（{best_pct}），{worst}最小（{worst_pct}）。治理成本为{cost}，参照情景为{paid}。",
    ),
    "answer.air_rises": (
        "In {year} residents breathe {now} µg/m³ of PM2.5 instead of {before} ({pct}); it falls in none of the cities "
        "and rises in {up}, most in {worst} ({worst_pct}). Cleaning costs {cost}, not {paid}.",
        "{year}年，居民平均接触的PM2.5浓度为{now}微克/立方米，参照情景为{before}（{pct}）；没有城市下降，{up}个城市上升，"
        "{worst}升幅最大（{worst_pct}）。治理成本为{cost}，参照情景为{paid}。",
    ),
    "answer.region": (
        "{policy}: in {year} the real income of the {n} cities together is {real_income} than without it, and their "
        "real GDP {real_gdp}.",
        "{policy}：到{year}年，{n}个城市的实际收入合计比不实施时{real_income}，实际GDP{real_gdp}。",
    ),
    "answer.region_otherwise": (
        "{policy}, set as here instead of as in the reference: in {year} the real income of the {n} cities together is "
        "{real_income}, and their real GDP {real_gdp}.",
        "{policy}：按本情景设置而非参照情景设置，到{year}年，{n}个城市的实际收入合计{real_income}，实际GDP{real_gdp}。",
    ),
    "answer.higher": ("{amount} higher ({pct})", "高{amount}（{pct}）"),
    "answer.lower": ("{amount} lower ({pct})", "低{amount}（{pct}）"),
    "answer.who": (
        "{gain} cities gain real income and {lose} lose: {best} gains most ({best_pct}), {worst} loses most "
        "({worst_pct}).",
        "{gain}个城市实际收入增加，{lose}个减少：{best}增加最多（{best_pct}），{worst}减少最多（{worst_pct}）。",
    ),
    "answer.range": ("{low} to {high}", "{low}至{high}"),
    "answer.rights_carbon": (
        "In {year} the right to emit a tonne of carbon dioxide costs {price} yuan, cities buy rights to "
        "{volume} million tonnes from each other, and trade saves {gain} of the {cost} that the same percentage for "
        "everyone would cost.",
        "{year}年，每吨二氧化碳排放权价格为{price}元，城市之间净买卖{volume}百万吨；若各企业同比例减排需{cost}，交易节省{gain}。",
    ),
    "answer.rights_energy": (
        "In {year} the right to use a tonne of coal equivalent costs {price} yuan, cities buy rights to "
        "{volume} million tonnes from each other, and trade saves {gain} of the {cost} that the same percentage for "
        "everyone would cost.",
        "{year}年，每吨标准煤用能权价格为{price}元，城市之间净买卖{volume}百万吨；若各企业同比例减量需{cost}，交易节省{gain}。",
    ),
    "answer.rights_emission": (
        "In {year} the right to emit a tonne of PM2.5 equivalents costs {price} yuan, cities buy rights to "
        "{volume} million tonnes from each other, and trade saves {gain} of the {cost} that the same percentage for "
        "everyone would cost.",
        "{year}年，每吨PM2.5当量排污权价格为{price}元，城市之间净买卖{volume}百万吨；若各企业同比例减排需{cost}，交易节省{gain}。",
    ),
    "answer.rights_water": (
        "In {year} the right to use a cubic metre of water costs {price} yuan, cities buy rights to "
        "{volume} million cubic metres from each other, and trade saves {gain} of the {cost} that the same percentage "
        "for everyone would cost.",
        "{year}年，每立方米用水权价格为{price}元，城市之间净买卖{volume}百万立方米；若各用户同比例节水需{cost}，交易节省{gain}。",
    ),
    "answer.no_price_emission": (
        "In {year} nobody has to abate: the right to emit costs nothing.",
        "{year}年无须减排，排污权价格为零。",
    ),
    "answer.no_price_water": (
        "In {year} nobody has to save water: the right to use it costs nothing.",
        "{year}年无须节水，用水权价格为零。",
    ),
    "answer.no_price_carbon": (
        "In {year} nobody has to abate: the right to emit costs nothing.",
        "{year}年无须减排，碳排放权价格为零。",
    ),
    "answer.no_price_energy": (
        "In {year} nobody has to save energy: the right to use it costs nothing.",
        "{year}年无须节能，用能权价格为零。",
    ),
    "answer.all_gain": (
        "All {gain} cities gain real income: {best} most ({best_pct}), {worst} least ({worst_pct}).",
        "全部{gain}个城市实际收入都增加：{best}最多（{best_pct}），{worst}最少（{worst_pct}）。",
    ),
    "answer.all_lose": (
        "All {lose} cities lose real income: {worst} most ({worst_pct}), {best} least ({best_pct}).",
        "全部{lose}个城市实际收入都减少：{worst}最多（{worst_pct}），{best}最少（{best_pct}）。",
    ),
    "answer.how": ("From {first} to {last} {parts}.", "{first}至{last}年，{parts}。"),
    "answer.moved": (
        "capital worth {amount} moves between cities that would have stayed",
        "比不实施时多转移资本{amount}",
    ),
    "answer.paid": (
        "cities pay each other {amount} under contracts ({payer} pays most, {most}; {payee} receives most, {received})",
        "城市之间按协议付款{amount}（{payer}付出最多，{most}；{payee}得到最多，{received}）",
    ),
    "answer.revenue_up": (
        "the cities' own revenue ends {amount} a year higher ({pct})",
        "各市本级财政收入期末每年增加{amount}（{pct}）",
    ),
    "answer.revenue_down": (
        "the cities' own revenue ends {amount} a year lower ({pct})",
        "各市本级财政收入期末每年减少{amount}（{pct}）",
    ),
    "answer.gap_wider": (
        "and the gap between cities in real income per head (Theil index) ends wider ({pct})",
        "城市间人均实际收入差距（泰尔指数）扩大（{pct}）",
    ),
    "answer.gap_narrower": (
        "and the gap between cities in real income per head (Theil index) ends narrower ({pct})",
        "城市间人均实际收入差距（泰尔指数）缩小（{pct}）",
    ),
    "answer.nothing": (
        "{policy} has no effect: in no city and no year does real income, real GDP, GDP or own revenue differ from "
        "the run without it.",
        "{policy}没有效果：任何城市、任何年份的实际收入、实际GDP、GDP和本级财政收入都与不实施时相同。",
    ),
    "answer.nobody": (
        "None of the {n} cities gains and none loses, from {first} to {last}.",
        "{first}至{last}年，{n}个城市无一受益，也无一受损。",
    ),
    "answer.why_nothing": (
        "In force is: {policies}; look at its strength and its years under “What the scenario sets”.",
        "已启用的政策：{policies}；请在“情景设定”中核对其力度和起止年份。",
    ),
    "answer.as_is": ("Without new policies", "不出台新政策"),
    "answer.with": ("With {policy}, and no other run to compare with", "{policy}（没有可供比较的另一次运行）"),
    "answer.course": (
        "{subject}, the real GDP of the {n} cities goes from {real_gdp_first} in {first} to {real_gdp_last} in "
        "{last} ({real_gdp_pace} a year), and their real income from {real_income_first} to {real_income_last} "
        "({real_income_pace} a year).",
        "{subject}，{n}个城市的实际GDP从{first}年的{real_gdp_first}增至{last}年的{real_gdp_last}（年均{real_gdp_pace}"
        "），实际收入从{real_income_first}增至{real_income_last}（年均{real_income_pace}）。",
    ),
    "answer.pace": (
        "{best} grows fastest ({best_pct} a year), {worst} slowest ({worst_pct}); {faster} of the {n} cities grow "
        "faster than the region.",
        "{best}增长最快（年均{best_pct}），{worst}最慢（{worst_pct}）；{n}个城市中有{faster}个快于区域整体。",
    ),
    "answer.budgets": (
        "The cities' own revenue goes from {first} to {last}, {gap}.",
        "各市本级财政收入从{first}增至{last}，{gap}。",
    ),
    # --- the page
    "page.title": ("Regional integration, {n} cities: {scenario}", "区域一体化仿真，{n}座城市：{scenario}"),
    "page.kicker": ("{data} · simulation report", "{data} · 仿真报告"),
    "data.yangtze_delta": ("Yangtze River Delta", "长三角一体化"),
    "page.contents": ("Contents", "目录"),
    "page.scenario": ("Scenario", "情景"),
    "page.reference": ("compared with", "对照"),
    "page.years": ("years", "年份"),
    "page.data": ("data", "数据"),
    "page.no_reference": ("no other run", "无"),
    "page.no_script": (
        "The charts need JavaScript; every number they show is also in the tables.",
        "图表需要启用JavaScript；图中所有数字也都在表格里。",
    ),
    "page.money": (
        "Money is in units of 100 million yuan (亿元) in tables and charts. Real income = income of residents and the"
        "ir city government over the local price index (welfare); real GDP = chained volume of production; both at "
        "{base} prices.",
        "金额单位：亿元。实际收入＝居民及本市政府的收入÷当地物价指数（福利）；实际GDP＝可比价生产总量；均为{base}年"
        "价。",
    ),
    "page.made": ("Made with deltasim {version}.", "由deltasim {version}生成。"),
    "fold.numbers": ("The numbers", "具体数字"),
    "fold.setting": ("What the scenario sets", "情景设定"),
    "setting.key": ("Key", "参数"),
    "setting.value": ("Value", "取值"),
    "setting.meaning": ("Meaning", "含义"),
    "column.city": ("City", "城市"),
    # --- tiles
    "tile.income": ("Real income, region, {year}", "区域实际收入，{year}年"),
    "tile.gdp": ("Real GDP, region, {year}", "区域实际GDP，{year}年"),
    "tile.who": ("Cities that gain / lose", "受益 / 受损城市"),
    "tile.who_note": ("real income, {year}", "按{year}年实际收入"),
    "tile.moved": ("Capital moved by it", "带动的资本转移"),
    "tile.moved_note": ("{first}–{last}, between cities", "{first}–{last}年，城市之间"),
    "tile.paid": ("Shared by contract", "协议分享"),
    "tile.paid_note": ("{unit}, {first}–{last}, between cities", "{unit}，{first}–{last}年，城市之间"),
    "tile.gap": ("Gap between cities", "城市间差距"),
    "tile.gap_note": ("Theil index of real income per head", "人均实际收入泰尔指数"),
    "tile.pace": ("a year, {first}–{last}", "年均，{first}–{last}年"),
    "tile.revenue": ("Own revenue, {year}", "本级财政收入，{year}年"),
    # --- titles of the sections and how to read them
    "answer.title": ("The answer", "结论"),
    "map.title": ("Where it happens", "影响在哪里"),
    "map.title_alone": ("The cities on the map", "城市分布"),
    "map.guide": (
        "One bubble per city, its size is GDP; blue cities do better than in the reference, orange ones worse.",
        "每个气泡是一个城市，大小表示GDP；蓝色表示好于基准，橙色表示差于基准。",
    ),
    "map.guide_alone": (
        "One bubble per city, its size is GDP; blue cities grow faster than the region since {first}, orange ones "
        "slower.",
        "每个气泡是一个城市，大小表示GDP；蓝色表示{first}年以来增长快于区域整体，橙色表示慢于整体。",
    ),
    "map.colour": ("change against the reference", "与基准相比的变化"),
    "map.colour_alone": ("growth a year less the region's", "年均增速与区域之差"),
    "map.gdp": ("GDP, 100 million yuan:", "GDP（亿元）："),
    "map.scale": ("{km} km", "{km}公里"),
    "map.measure": ("Colour shows", "颜色表示"),
    "map.year": ("Year", "年份"),
    "map.best": ("Gain most", "受益最多"),
    "map.worst": ("Gain least or lose", "受益最少或受损"),
    "map.fastest": ("Fastest", "增长最快"),
    "map.slowest": ("Slowest", "增长最慢"),
    "cities.title": ("Winners and losers", "谁受益，谁受损"),
    "cities.title_alone": ("All cities", "全部城市"),
    "cities.guide": (
        "All cities in {year}, ordered by what happens to real income: bars to the right are gains, to the left "
        "losses; a city can produce less (real GDP) and still earn more (real income).",
        "{year}年各城市按实际收入变化排序：向右为增加，向左为减少；一个城市可能产出（实际GDP）减少而收入增加。",
    ),
    "cities.guide_alone": (
        "All cities, ordered by the growth of real income from {first} to {year}, per cent a year.",
        "各城市按{first}至{year}年实际收入年均增速排序。",
    ),
    "cities.city": ("City", "城市"),
    "cities.province": ("Province", "省市"),
    "cities.effect": ("change", "变化"),
    "paths.title": ("Year by year", "逐年走势"),
    "paths.guide": (
        "Above, the run and its reference; below, the difference between them in per cent: where the line leaves "
        "zero the scenario starts to bite.",
        "上排为情景与基准的走势，下排为二者之差（%）：曲线离开零点时政策开始起作用。",
    ),
    "paths.guide_alone": ("Above, the level; below, its growth from year to year.", "上排为水平值，下排为逐年增速。"),
    "paths.place": ("Place", "地区"),
    "paths.run": ("scenario", "情景"),
    "paths.reference": ("reference", "基准"),
    "paths.below": ("difference to the reference, %", "与基准之差，%"),
    "paths.below_alone": ("growth from year to year, %", "逐年增速，%"),
    "paths.region": ("Region", "区域"),
    "paths.provinces": ("Provinces", "省份"),
    "payments.title": ("Who paid whom", "谁付给谁"),
    "payments.chart": (
        "Left, the cities that pay under contracts, such as hosts of moved plants; right, those that receive, such as "
        "the places the plants came from; the width is what is paid from {first} to {last} together.",
        "左侧为按协议付款的城市（如产业承接地），右侧为收款的城市（如转出地）；宽度为{first}至{last}年付款合计。",
    ),
    "payments.none": (
        "No contract between cities pays anything in this run.",
        "本次运行中，城市之间没有任何协议付款。",
    ),
    "payments.city": ("City", "城市"),
    "payments.paid": ("Paid", "付出"),
    "payments.received": ("Received", "收到"),
    "payments.net": ("Net", "净额"),
    "payments.net_last": ("Net in the last year", "末年净额"),
    "centre.heading": ("The centre and the cities", "中央与各地"),
    "centre.guide": (
        "What the cities of a province pay to the centre and what they get from it, 100 million yuan; net is "
        "negative where more is paid than received.",
        "各省市城市上缴中央与获得转移支付的金额（亿元）；净额为负表示上缴多于所得。",
    ),
    "centre.place": ("{year}", "{year}年"),
    "centre.net": ("Net", "净额"),
    "moves.title": ("Where capital moves", "资本流向哪里"),
    "moves.chart": (
        "Left, where plants leave; right, where they go; the width is the capital that moves because of the "
        "scenario, {first} to {last} together, coloured by the origin's province.",
        "左侧为转出地，右侧为承接地；宽度为{first}至{last}年因该情景而多转移的资本，颜色表示转出地所在省市。",
    ),
    "moves.chart_alone": (
        "Left, where plants leave; right, where they go; the width is the capital that moves, {first} to {last} "
        "together, coloured by the origin's province.",
        "左侧为转出地，右侧为承接地；宽度为{first}至{last}年转移的资本，颜色表示转出地所在省市。",
    ),
    "moves.shown": (
        "Shown: the {n} largest of {all} links, {share} of the amount.",
        "图中为{all}条流向中最大的{n}条，占总额的{share}。",
    ),
    "moves.by_province": (
        "Shown by province: the {all} flows between single cities are many and small.",
        "按省市汇总：城市之间的{all}条流向多而分散。",
    ),
    "moves.none": ("No capital moves because of this scenario.", "该情景没有带动资本转移。"),
    "moves.sector": ("Sector", "行业"),
    "moves.all": ("Moved", "转移"),
    "moves.extra": ("More than in the reference", "比基准多"),
    "moves.arrive": ("Capital arrives", "资本净流入"),
    "moves.leave": ("Capital leaves", "资本净流出"),
    "moves.net": ("Net", "净额"),
    "people.title": ("Where people live", "人口流向哪里"),
    "people.guide": (
        "What the scenario changes by {last}: residents in 10,000 persons, real wages and services per head in "
        "per cent.",
        "该情景到{last}年带来的变化：常住人口（万人）、实际工资和人均公共服务（%）。",
    ),
    "people.count": (
        "{gain} cities have more residents in {last} than in the reference, {lose} fewer. Births and deaths apart, a "
        "resident gained is one that another place has lost.",
        "到{last}年，{gain}个城市常住人口多于基准，{lose}个少于基准。除生死外，一地所增即他处所减。",
    ),
    "people.flows": (
        "Left, where people leave; right, where they go: moves that the scenario adds, net of those it adds the other "
        "way, {first} to {last} together, coloured by the origin's province (grey: the rest of the country).",
        "左侧为迁出地，右侧为迁入地：{first}至{last}年因该情景而增加的迁移（扣除反向增加），颜色表示迁出地所在省市，"
        "灰色为全国其他地区。",
    ),
    "people.from": ("To {city} from", "迁入{city}，来自"),
    "rivers.title": ("Water at river sections", "河流断面水质"),
    "rivers.guide": (
        "Concentration over its standard of the pollutant that is worst, with the scenario and without; 1 just meets "
        "the standard, less is cleaner.",
        "最差污染物浓度与标准之比，有无该情景对照；1为刚好达标，越低越清洁。",
    ),
    "gateways.title": ("Ports and airports", "港口与机场"),
    "gateways.guide": (
        "Traffic with the world over what a port or an airport can handle, with the scenario and without; capacity "
        "grows as the nation's economy does, and beyond the base year's use goods and travellers wait longer.",
        "港口、机场的对外运输量与通过能力之比，有无该情景对照；通过能力随全国经济同步增长，超过基年水平则等待时间延长。",
    ),
    "gateways.sea_port": ("port of {city}", "{city}港"),
    "gateways.airport": ("airport of {city}", "{city}机场"),
    "provinces.title": ("Provinces against the reference", "各省市与基准之差"),
    "provinces.title_alone": ("Provinces", "各省市"),
    "provinces.guide": (
        "Amounts of {year} and, below each, the gap to the reference: blue is more, orange less.",
        "{year}年数值，其下为与基准之差：蓝色为增加，橙色为减少。",
    ),
    "provinces.guide_alone": ("Amounts of {year}.", "{year}年数值。"),
    "provinces.quantity": ("{year}", "{year}年"),
    "plan.title": ("The plan's targets", "规划目标"),
    "plan.guide": (
        "Targets of the outline plan that the model computes so far: a gap says how far the target year's value is "
        "on the wrong side; attained is the first year from which it stays met.",
        "模型目前可计算的规划纲要目标：差距表示目标年数值离达标还差多少；达标年份指此后一直达标的首年。",
    ),
    "plan.target": ("Target", "目标"),
    "plan.wanted": ("Wanted (year)", "目标值（年份）"),
    "plan.value": ("Run (year)", "情景值（年份）"),
    "plan.gap": ("Gap", "差距"),
    "plan.attained": ("Attained", "达标年份"),
    "plan.reference": ("Reference", "基准"),
    "plan.published": ("Statistics", "统计值"),
    "plan.met": ("met", "已达标"),
    "plan.never": ("not by {year}", "{year}年前未达标"),
    "plan.waiting": ("Not computed yet: {names}.", "尚未计算：{names}。"),
    "plan.indicator": ("Indicators of the region", "区域指标"),
    "indicator.theil_real_income": (
        "Theil index of real income per head, between cities",
        "人均实际收入泰尔指数（城市间）",
    ),
    "indicator.theil_between_provinces": (
        "Theil index of GDP per head, between provinces",
        "人均GDP泰尔指数（省际）",
    ),
    "indicator.theil_within_provinces": ("Theil index of GDP per head, within provinces", "人均GDP泰尔指数（省内）"),
    "indicator.fiscal_disparity_before_sharing": (
        "Own revenue per head, coefficient of variation",
        "人均本级财政收入变异系数",
    ),
    "indicator.fiscal_disparity_after_sharing": ("… after contracts between cities", "……协议分享之后"),
    "indicator.fiscal_disparity_after_transfers": (
        "… after contracts and transfers from above",
        "……协议分享和转移支付之后",
    ),
    "indicator.specialisation": ("Specialisation of cities (Krugman index)", "城市专业化程度（克鲁格曼指数）"),
    "indicator.share_of_national_gdp": ("Share of national GDP, %", "占全国GDP比重，%"),
    "indicator.intraregional_trade_share": ("Share of trade that stays in the region, %", "区内贸易占比，%"),
    "indicator.exports_abroad": ("Exports to the world over GDP, %", "出口占GDP比重，%"),
    "indicator.debt_to_revenue": ("City debt over own revenue, %", "城市债务占本级收入比重，%"),
    "indicator.net_migration": ("Net migration to the region, 10,000 persons a year", "区域净迁入，万人/年"),
    "indicator.newcomers_share": ("Residents without local registration, %", "非户籍人口占常住人口比重，%"),
    "indicator.working_share": ("Employment over residents, %", "就业人数占常住人口比重，%"),
    "indicator.capital_moved_share": ("Capital that moves in a year, % of all", "年度转移资本占比，%"),
    "indicator.foreign_investment": ("New investment from abroad over GDP, %", "新增外资投资占GDP比重，%"),
    "indicator.foreign_income": ("Income paid on new foreign capital over GDP, %", "新增外资所得占GDP比重，%"),
    "indicator.people_within_60_minutes": ("Residents within an hour, % of the region's", "1小时可达人口占比，%"),
    "indicator.people_within_120_minutes": ("Residents within two hours, % of the region's", "2小时可达人口占比，%"),
    "indicator.mean_travel_time": ("Mean travel time to residents, minutes", "到区内人口的平均出行时间，分钟"),
    # --- what the sign hangs on
    "sign.title": ("What the sign hangs on", "结论取决于什么"),
    "sign.chart": (
        "The region's net gain in {year} with everything on, and with one force at a time switched off, each against "
        "its own reference: bars on the same side of zero mean the sign does not hang on that force.",
        "{year}年区域净收益：全部机制开启，以及逐一关闭某一机制（各自与自己的基准比较）；若各条都在零的同一侧，则结论"
        "的正负不取决于该机制。",
    ),
    "sign.same": (
        "With everything on the region's real income changes by {income} and its real GDP by {gdp}; neither sign "
        "turns in any case shown.",
        "全部机制开启时，区域实际收入变化{income}，实际GDP变化{gdp}；在所列各种情形下正负号都不变。",
    ),
    "sign.turns": (
        "With everything on the region's real income changes by {income} and its real GDP by {gdp}; a sign turns "
        "with: {cases}.",
        "全部机制开启时，区域实际收入变化{income}，实际GDP变化{gdp}；以下情形会改变正负号：{cases}。",
    ),
    "sign.tilt": (
        "The official statistics give three sectors per city; with national structure inside them instead of the "
        "imputed tilt real income changes by {income} and real GDP by {gdp}.",
        "官方统计只给出各市三次产业；若其内部采用全国结构而非推算的偏向，实际收入变化{income}，实际GDP变化{gdp}。",
    ),
    "sign.band": (
        "Over {n} draws of that split the change of real income lies between {low} and {high}.",
        "对该拆分抽样{n}次，实际收入变化介于{low}与{high}之间。",
    ),
    "sign.none": (
        "Without a reference there is no gain whose sign could hang on anything.",
        "没有对照运行，因而没有净收益可检验。",
    ),
    "sign.forecasts": (
        "Not computed on this page: in this scenario every city runs the model every year to decide, so that the cases "
        "would take minutes. sim sensitivity studies them.",
        "本页未计算：该情景中各市每年都要运行模型来决策，逐项检验需数分钟，可用 sim sensitivity 研究。",
    ),
    "sign.gone": (
        "The data set of this run is not at hand or has changed since; run the scenario again to see what the sign "
        "hangs on.",
        "本次运行所用的数据集不在或已改变；请重新运行以检验结论的稳健性。",
    ),
    "switch.as_it_is": ("everything on", "全部机制开启"),
    "switch.land_cost": ("without land cost", "不计土地成本"),
    "switch.congestion": ("without congestion", "不计拥挤"),
    "switch.agglomeration": ("without agglomeration", "不计集聚"),
    "switch.all_three": ("without all three", "三者都不计"),
    "switch.national_structure": ("national sector structure", "采用全国行业结构"),
    "switches.axis": ("net gain of the region in {year}, {unit}", "{year}年区域净收益，{unit}"),
    "switches.case": ("Case", "情形"),
    # --- how far to trust it
    "solver.title": ("Solver health", "求解情况"),
    "solver.guide": (
        "Bars: how many sweeps the market took to clear in each year; dots: the largest relative excess demand left, "
        "on a logarithmic scale.",
        "柱：每年市场出清所需迭代次数；点：剩余的最大相对超额需求（对数刻度）。",
    ),
    "solver.sweeps": ("sweeps", "迭代次数"),
    "solver.residual": ("residual", "残差"),
    "solver.tolerance": ("Tolerance", "容许误差"),
    "solver.worst": ("Largest residual of all years", "各年最大残差"),
    "solver.all_sweeps": ("Sweeps, all years", "迭代总次数"),
    "solver.identities": ("Worst of {n} accounting identities, relative", "{n}项核算恒等式中的最大相对误差"),
    "solver.seconds": ("Seconds", "用时（秒）"),
    "seconds.import": ("imports", "载入程序"),
    "seconds.load": ("data", "读取数据"),
    "seconds.calibrate": ("calibration", "校准"),
    "seconds.reference": ("reference run", "基准运行"),
    "seconds.run": ("run", "情景运行"),
    "calibration.seconds": ("Calibration: seconds", "校准：用时（秒）"),
    "calibration.balancing_sweeps": (
        "Calibration: sweeps to balance trade (0 = from the cache)",
        "校准：贸易平衡迭代次数（0＝取自缓存）",
    ),
    "calibration.vat_scale": ("Calibration: VAT rates multiplied by", "校准：增值税税率乘数"),
    "calibration.saving_rate": ("Calibration: saving rate found", "校准：所得储蓄率"),
    "calibration.cash_share": (
        "Calibration: share of budgets paid as cash transfers",
        "校准：预算中现金转移支付占比",
    ),
    "calibration.public_capital_share": ("Calibration: public share of capital", "校准：公共资本占比"),
    "calibration.capital_output_ratio": ("Calibration: capital over GDP", "校准：资本产出比"),
    "facts.what": ("What", "项目"),
    "facts.value": ("Value", "数值"),
    "coverage.title": ("How well the data are known", "数据可靠程度"),
    "coverage.guide": (
        "Of every data table, the share of cells that official sources state, that follow from them, that are "
        "recalled from the literature, imputed, or judged.",
        "各数据表中，官方来源、由其推导、凭文献回忆、推算和主观判断的单元格所占比重。",
    ),
    "coverage.table": ("Table", "数据表"),
    "coverage.cells": ("Cells", "单元格数"),
    "coverage.judgements": ("{n} parameters rest on judgement", "{n}个参数基于主观判断"),
    "coverage.gone": (
        "The data set of this run is not at hand or has changed since.",
        "本次运行所用的数据集不在或已改变。",
    ),
    "judgement.key": ("Parameter", "参数"),
    "judgement.value": ("Value", "取值"),
    "judgement.range": ("Range", "范围"),
    "judgement.unit": ("Unit", "单位"),
    "judgement.meaning": ("Meaning", "含义"),
    "status.sourced": ("sourced", "官方来源"),
    "status.derived": ("derived", "推导"),
    "status.recalled": ("recalled", "凭文献"),
    "status.imputed": ("imputed", "推算"),
    "status.judgement": ("judgement", "主观判断"),
    "table.regions": ("Regions", "地区"),
    "table.input_output": ("Input-output table", "投入产出表"),
    "table.value_added": ("Value added by sector", "分行业增加值"),
    "table.location_quotients": ("Location quotients", "区位商"),
    "table.employment": ("Employment", "就业"),
    "table.capital": ("Capital", "资本存量"),
    "table.region_values": ("Figures by city and year", "城市分年数据"),
    "table.travel_times": ("Travel times", "出行时间"),
    "table.national": ("National path", "全国路径"),
    "table.targets": ("Targets of the plan", "规划目标"),
    "table.parameters": ("Parameters", "参数"),
    "table.nodes": ("Stations and ports", "车站与港口"),
    "table.lines": ("Lines of the network", "交通线路"),
    "table.links": ("Links of the lines", "线路区段"),
    "table.routes": ("Through routes", "直通径路"),
    "table.trains": ("Direct trains", "直达列车"),
    "table.gateways": ("Gateways", "口岸与枢纽"),
    "table.crossings": ("Bridges across waters", "跨水域桥隧"),
    "table.rivers": ("River sections", "河流断面"),
    "table.river_quality": ("Water quality at river sections", "河流断面水质"),
    "table.parts": ("Parts of cities", "城市的组成部分"),
    "table.part_shares": ("Shares of the parts", "各部分所占份额"),
    "table.part_travel_times": ("Travel times of the parts", "各部分出行时间"),
    "table.flows": ("Observed trade", "观测贸易流"),
    "table.migration": ("Observed moves of people", "观测人口迁移"),
    "table.all": ("All tables", "全部"),
    "again.title": ("Run it again", "如何复现"),
    "again.guide": (
        "The same command on the same version and data gives the same numbers.",
        "在相同版本和数据上运行同一命令，得到相同的数字。",
    ),
    "again.version": ("Version", "版本"),
    "again.python": ("Python", "Python"),
    "again.data": ("Data set", "数据集"),
    "again.hash": ("Data hash (sha256)", "数据哈希（sha256）"),
    "again.config": ("Configuration hash (sha256)", "配置哈希（sha256）"),
    "again.seed": ("Seed, repetition", "随机种子、重复序号"),
    "again.created": ("Run at", "运行时间"),
    "again.changed": ("Numbers of the data set replaced", "替换的参数"),
    "again.none": ("none", "无"),
}
"""Key -> English, Chinese; the fields in braces are the same in both."""


TEXTS |= STUDY_TEXTS | AGREE_TEXTS


class Words:
    """The texts in one language: ``words("map.scale", km=100)``."""

    def __init__(self, language: str, **always: object) -> None:
        self._column = LANGUAGES.index(language)
        self._always = always

    def __call__(self, key: str, **values: object) -> str:
        return TEXTS[key][self._column].format(**self._always, **values)

    def get(self, key: str, default: str) -> str:
        """A text that may be missing: names of things that data sets and policies bring along."""
        return self(key) if key in TEXTS else default
