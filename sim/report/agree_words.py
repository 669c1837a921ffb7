"""Texts on agreements: who was asked, who signs at which share; English and Chinese side by side."""

from __future__ import annotations

AGREE_TEXTS: dict[str, tuple[str, str]] = {
    "space": (" ", ""),
    "colon": (": ", "："),
    "others": ("{names} and {n} others", "{names}等（另有{n}个）"),
    # --- the answer
    "answer.all_sign": (
        "All {n} parties asked in {year} signed: {policy} comes into force.",
        "{year}年征询的{n}方全部签署：{policy}得以实施。",
    ),
    "answer.some_sign": (
        "Of the {n} parties asked in {year}, {refusing} refused ({names}) and {signing} signed: {policy} comes into "
        "force among those.",
        "{year}年征询{n}方，{refusing}方拒绝（{names}），{signing}方签署：{policy}在签署方之间实施。",
    ),
    "answer.none_sign": (
        "Of the {n} parties asked in {year}, {refusing} refused ({names}): {policy} does not come into force, as "
        "{reason}.",
        "{year}年征询{n}方，{refusing}方拒绝（{names}）：{reason}，{policy}未能实施。",
    ),
    "answer.not_allowed": (
        "None of the {n} parties asked in {year} refused, but {policy} does not come into force, as {reason}.",
        "{year}年征询的{n}方无一拒绝，但{reason}，{policy}未能实施。",
    ),
    "answer.imposed": (
        "Of the {n} parties asked in {year}, {refusing} refused ({names}); the centre imposes {policy} on all of them.",
        "{year}年征询{n}方，{refusing}方拒绝（{names}）；中央决定对各方实施{policy}。",
    ),
    "answer.nobody_refuses": ("nobody", "无"),
    "answer.leave": ("{names} left later.", "{names}后来退出。"),
    "answer.ends": ("It ends in {year}, as {reason}.", "{year}年因{reason}而终止。"),
    "answer.subsidies": (
        "Cities' subsidies reach {rate} of investment ({city}, {year}{without})",
        "各市补贴最高达投资额的{rate}（{city}，{year}年{without}）",
    ),
    "answer.rate_without": ("; {rate} without it", "；不实施时{rate}"),
    "answer.none_without": ("; none without it", "；不实施时没有补贴"),
    "answer.cost_without": (" ({cost} without it)", "（不实施时{cost}）"),
    "answer.subsidy_cost": (
        "; they cost {cost} in {last}{cost_without}, and {payer} pays most, {paid}.",
        "；{last}年共支出{cost}{cost_without}，其中{payer}最多，为{paid}。",
    ),
    "answer.services_up": (
        "In {last} {amount} more a year is left for the cities' services ({pct}).",
        "{last}年各市公共服务支出比没有时多{amount}（{pct}）。",
    ),
    "answer.services_down": (
        "In {last} {amount} less a year is left for the cities' services ({pct}), which no measure of income sees.",
        "{last}年各市公共服务支出比没有时少{amount}（{pct}），这在收入指标中看不到。",
    ),
    "answer.subsidy_past": ("; in {last} they cost nothing{cost_without}.", "；{last}年不再支出{cost_without}。"),
    "answer.no_subsidies": (
        "No city pays subsidies{without}; they cost nothing in {last}{cost_without}.",
        "各市都不发放补贴{without}；{last}年没有支出{cost_without}。",
    ),
    # --- the section
    "agree.title": ("Who agrees", "谁会同意"),
    "agree.guide": (
        "A party signs when what it expects of the years ahead, in points of its own score, is not less than its "
        "reserve; it compares the agreement of all who are in it with the same without itself.",
        "一方在其预期收益（按自身考核得分计）不低于保留值时签署；它比较的是包括自己在内的协议与没有自己的同一协议。",
    ),
    "agree.story": ("What happened", "经过"),
    "agree.asked": (
        "{year}: {n} asked about {policy}: {names}.",
        "{year}年：就{policy}征询{n}方：{names}。",
    ),
    "agree.ends": (
        "{best} expects most of it ({most}), {worst} least ({least}).",
        "{best}预期最高（{most}），{worst}最低（{least}）。",
    ),
    "agree.signed": ("{year}: {n} signed: {names}.", "{year}年：{n}方签署：{names}。"),
    "agree.refused": ("{year}: {n} refused: {names}.", "{year}年：{n}方拒绝：{names}。"),
    "agree.left": ("{year}: {n} left: {names}.", "{year}年：{n}方退出：{names}。"),
    "agree.renegotiated": (
        "{year}: {n} would have left and got a better split: {names}.",
        "{year}年：{n}方拟退出，分成随之调整：{names}。",
    ),
    "agree.vetoed": ("{year}: forbidden by {names} ({reason}).", "{year}年：{names}否决（{reason}）。"),
    "agree.imposed": ("{year}: imposed on {n}: {names} ({reason}).", "{year}年：强制{n}方实施：{names}（{reason}）。"),
    "agree.failed": ("{year}: it does not hold, as {reason}.", "{year}年：协议不成立：{reason}。"),
    "agree.dispute": ("{year}: {n} contested a payment: {names}.", "{year}年：{n}方对付款有争议：{names}。"),
    "agree.settled": ("{year}: settled by arbitration: {names}.", "{year}年：经仲裁解决：{names}。"),
    "agree.expects": (
        "growth {growth} a year against its peers, real income {income}, room in its budget {balance} of its revenue; "
        "{points} points in all",
        "增速相对可比城市每年{growth}，实际收入{income}，可用财力相当于收入的{balance}；合计{points}分",
    ),
    "agree.points": ("{points} points", "{points}分"),
    "event.asked": ("asked", "被征询"),
    "event.signed": ("signed", "签署"),
    "event.refused": ("refused", "拒绝"),
    "event.left": ("left", "退出"),
    "event.renegotiated": ("renegotiated", "重新谈判"),
    "event.vetoed": ("vetoed", "否决"),
    "event.imposed": ("imposed", "强制"),
    "event.failed": ("failed", "不成立"),
    "event.dispute": ("dispute", "争议"),
    "event.settled": ("settled", "解决"),
    "reason.expects to gain": ("it expects to gain", "预期受益"),
    "reason.expects to lose": ("it expects to lose", "预期受损"),
    "reason.lost for too long": ("it has lost for too long", "长期受损"),
    "reason.wants a better split": ("it wants a better split", "要求更好的分成"),
    "reason.too few members": ("too few would be in it", "成员过少"),
    "reason.nobody to agree with": ("those who would sign have nobody to agree with", "愿签署者没有可签约的对方"),
    "reason.a needed party refused": ("a party that is needed refused", "必要的一方拒绝"),
    "reason.expects its cities to lose": ("a province expects its cities to lose", "省级预期所辖城市受损"),
    "reason.expects the region to gain": ("the centre expects the region to gain", "中央预期区域受益"),
    "reason.expects the region to lose": ("the centre expects the region to lose", "中央预期区域受损"),
    "reason.the payment is contested": ("the payment is contested", "付款有争议"),
    "reason.arbitration": ("it was arbitrated", "经仲裁"),
    # --- at every share
    "agree.shares": ("At every share of the tax", "在各种分成比例下"),
    "agree.chart": (
        "Each row is a party (origins in bold), each column a share of the tax on moved plants that goes to the "
        "origins: blue where the party expects to gain by being in the agreement of all, orange where it expects to "
        "lose, × where it does not sign. {scale}",
        "每行为一方（粗体为转出地），每列为转出地所得的税收分成比例：蓝色表示加入全体协议预期受益，橙色表示预期受损，"
        "×表示不签署。{scale}",
    ),
    "agree.scale": (
        "Before tastes, a point is {growth} of growth a year, {income} of real income or {balance} of revenue.",
        "加权前，1分相当于年增速{growth}、实际收入{income}或财政收入的{balance}。",
    ),
    "agree.imposed_here": (
        "The scenario imposes {policy}; this is what its parties would say in {year}, judging by the {horizon} years "
        "ahead.",
        "该情景强制实施{policy}；以下是各方若在{year}年被征询、按此后{horizon}年的预期判断的答复。",
    ),
    "agree.asked_here": (
        "Asked in {year} about {policy}, the parties judge by the {horizon} years ahead.",
        "{year}年就{policy}征询各方，由其按此后{horizon}年的预期判断。",
    ),
    "agree.here": (
        "At the scenario's {share} of the tax for the origins, {k} of the {n} sign.",
        "按该情景转出地分得税收的{share}，{n}方中有{k}方签署。",
    ),
    "agree.range": (
        "All {n} sign where the origins get between {low} and {high} of the tax.",
        "转出地分得税收的{low}至{high}时，{n}方全部签署。",
    ),
    "agree.everywhere": ("All {n} sign at every share.", "在任何分成比例下{n}方都签署。"),
    "agree.low_bound": ("Below that, {names} would not sign.", "再低则{names}不签署。"),
    "agree.high_bound": ("Above that, {names} would not sign.", "再高则{names}不签署。"),
    "agree.nowhere": ("There is no share at which all {n} sign.", "不存在{n}方全部签署的分成比例。"),
    "agree.never": (
        "{names} would sign at no share: the tax shared does not make up for what is expected to be lost.",
        "{names}在任何比例下都不签署：分享的税收不足以弥补其预期损失。",
    ),
    "agree.conflict": (
        "{wants} signs from {low} on only, {bears} up to {high} only.",
        "{wants}仅在不低于{low}时签署，{bears}仅在不高于{high}时签署。",
    ),
    "agree.apart": (
        "No two of them stand in each other's way; three or more do.",
        "并非两方之间、而是多方之间无法兼顾。",
    ),
    "agree.nearest": (
        "It comes nearest at {share}, where {party} is the least willing, expecting: {expected}.",
        "最接近的是{share}，此时最不愿签署的是{party}，其预期为：{expected}。",
    ),
    "agree.money": (
        "Against no agreement its own tax then changes by {own} a year, and the tax it shares by {shared} (mean of the "
        "years ahead, discounted).",
        "与没有协议相比，其自有税收届时每年变化{own}，分享税收{shared}（此后各年贴现平均）。",
    ),
    "agree.tax.range": (
        "Counting tax alone, nobody loses against no agreement where the origins get between {low} and {high}.",
        "若只算税收账，转出地分得{low}至{high}时，与没有协议相比无一方受损。",
    ),
    "agree.tax.never": (
        "Counting tax alone, {names} would lose at every share.",
        "若只算税收账，{names}在任何比例下都受损。",
    ),
    "agree.tax.conflict": (
        "Counting tax alone, {wants} needs at least {low} and {bears} bears at most {high}.",
        "若只算税收账，{wants}至少需要{low}，{bears}至多承受{high}。",
    ),
    "agree.tax.apart": (
        "Counting tax alone, some city loses at every share.",
        "若只算税收账，任何比例下都有城市受损。",
    ),
    "agree.exact": (
        "Computed at {computed} of the {all} shares; between them gains are straight lines to {error} points.",
        "{all}个比例中实际计算{computed}个；其间收益按直线插值，误差不超过{error}分。",
    ),
    "agree.axis": ("share of the tax on moved plants that goes to the origins", "转出地分得的税收比例"),
    "agree.bar": ("expected gain, points", "预期收益（分）"),
    "agree.hover_signs": ("signs", "签署"),
    "agree.hover_refuses": ("does not sign", "不签署"),
    "agree.gone": (
        "What the parties would say at other shares cannot be computed: {why}",
        "无法计算各方在其他比例下的答复：{why}",
    ),
    "agree.none": ("at no share", "任何比例都不签"),
    "agree.party": ("Party", "各方"),
    "agree.role": ("Role", "角色"),
    "agree.origin": ("origin", "转出地"),
    "agree.host": ("host", "承接地"),
    "agree.signs": ("Signs at", "签署的比例"),
    "agree.gain": ("Gain at {share}\npoints", "{share}时收益\n分"),
    "agree.over_nothing": ("Against no agreement\n{share}, points", "相对无协议\n{share}，分"),
    "agree.own_tax": ("Own tax\n{unit} a year", "自有税收\n{unit}/年"),
    "agree.shared_tax": ("Shared tax at {share}\n{unit} a year", "{share}时分享税收\n{unit}/年"),
    "agree.even": ("Tax even at", "税收持平的比例"),
    "agree.year": ("Year", "年份"),
    "agree.event": ("Event", "事件"),
    "agree.expected": ("Expected gain\npoints", "预期收益\n分"),
    "agree.reserve": ("Reserve\npoints", "保留值\n分"),
    "agree.growth": ("Growth\n% a year, against peers", "增速\n每年%，相对可比城市"),
    "agree.income": ("Real income\n%", "实际收入\n%"),
    "agree.balance": ("Budget\n% of revenue", "预算\n占收入%"),
    "agree.reason": ("Reason", "原因"),
    # --- over the judgements
    "signing.kicker": ("Who agrees at which share", "在何种比例下谁会同意"),
    "signing.page": ("Who signs: {scenario}", "谁会签署：{scenario}"),
    "judged.title": ("If the judgements are wrong", "若判断参数有误"),
    "judged.guide": (
        "Every parameter that rests on judgement and that the model reads, at either end of its range, one at a time.",
        "模型用到的每个主观判断参数逐一取其范围两端。",
    ),
    "judged.some": (
        "In {k} of {n} cases there is a share at which all sign: the range is narrowest ({narrow_low} to "
        "{narrow_high}) with {narrow} = {narrow_value} and widest ({wide_low} to {wide_high}) with {wide} = "
        "{wide_value}.",
        "{n}种情形中有{k}种存在全部签署的比例：最窄为{narrow_low}至{narrow_high}（{narrow} = {narrow_value}），最宽为"
        "{wide_low}至{wide_high}（{wide} = {wide_value}）。",
    ),
    "judged.none": (
        "In none of {n} cases is there a share at which all sign. It comes nearest with {name} = {value}, where "
        "{party} misses by {by} points, and furthest with {far} = {far_value} ({far_party}, {far_by} points).",
        "{n}种情形中无一存在全部签署的比例。最接近的是{name} = {value}（{party}差{by}分），最远的是{far} = {far_value}"
        "（{far_party}差{far_by}分）。",
    ),
    "judged.binding": ("The least willing party is {names}.", "最不愿签署的是{names}。"),
    "judged.times": ("{name} (in {n})", "{name}（{n}种情形）"),
    "judged.failed": ("{n} cases have no answer: {why}", "{n}种情形没有结果：{why}"),
    "judged.chart": (
        "How far the least willing party's expected gain is above its reserve at the share where that is best, with "
        "the parameter at either end: right of zero there is a share at which all sign. The line is today's value.",
        "在最有利的分成比例下，最不愿签署一方的预期收益与保留值之差（参数取两端）：大于零则存在全部签署的比例。竖线为现值。",
    ),
    "judged.axis": ("margin of the least willing party, points", "最不愿签署一方的差额（分）"),
    "judged.low": ("all rows low", "各行取下限"),
    "judged.high": ("all rows high", "各行取上限"),
    "judged.parameter": ("Parameter", "参数"),
    "judged.value": ("Value", "取值"),
    "judged.meaning": ("Meaning", "含义"),
    "judged.range": ("All sign between", "全部签署的比例"),
    "judged.never": ("Sign at no share", "任何比例都不签"),
    "judged.least": ("Least willing", "最不愿签署"),
    "judged.margin": ("It expects\npoints above its reserve", "其预期\n高于保留值，分"),
}
"""Key -> English, Chinese; see `sim.report.words`."""
