"""The words in which alarms are told, in English and Chinese: one key for each thing said."""

from __future__ import annotations

from collections.abc import Mapping

from service.domain.alarm import Phase, Priority, TransitionKind
from service.domain.language import Language

Words = Mapping[str, str]

EN: Words = {
    "colon": ": ",
    "comma": ", ",
    "asset": "Asset",
    "stage": "Stage",
    "tag": "Tag",
    "value": "Value",
    "value_and_limit": "{value}, limit {limit}",
    "state": "State",
    "stake": "At stake",
    "stake_said": "{t} t of finished product a day",
    "step": "{at} {kind}",
    "by": " by {who}",
    "cause": "Likely cause",
    "consequence": "If nothing is done",
    "response": "What to do",
    "respond_within": "Respond within",
    "minutes": "{n} min",
    "owner": "Responsible",
    "open": "Open the alarm",
    "open_list": "Open the alarm list",
    "open_root": "Open the alarm that it belongs to",
    "digest": "Digest: {n} steps of {alarms} alarms",
    "digest_one": "Digest: 1 step of 1 alarm",
    "span": "From {first} to {last}",
    "by_priority": "By priority",
    "by_stage": "By stage",
    "roots": "Belong together",
    "root_of": "{alarms} with {asset} {said}",
    "by_kind": "By step",
    "no_stage": "no stage",
    "several": "{n} alarms",
    "steps": "{n} steps",
    "more": "… and {n} more",
    "test": "Test message",
    "test_said": "This is a test of this destination, made at {at}. No alarm is meant.",
    "heartbeat": "Alive",
    "heartbeat_said": "The service is alive at {at}. When this stops coming, look after it.",
    "unknown": "unknown",
}

ZH: Words = {
    "colon": "：",
    "comma": "，",
    "asset": "设备",
    "stage": "工序",
    "tag": "位号",
    "value": "数值",
    "value_and_limit": "{value}，限值 {limit}",
    "state": "状态",
    "stake": "影响",
    "stake_said": "每天少产成品 {t} t",
    "step": "{at} {kind}",
    "by": "（{who}）",
    "cause": "可能原因",
    "consequence": "不处理的后果",
    "response": "处理措施",
    "respond_within": "响应时限",
    "minutes": "{n} 分钟",
    "owner": "负责人",
    "open": "打开报警",
    "open_list": "打开报警列表",
    "open_root": "打开所属的源头报警",
    "digest": "汇总：{alarms} 个报警，共 {n} 次变化",
    "digest_one": "汇总：1 个报警，共 1 次变化",
    "span": "{first} 至 {last}",
    "by_priority": "按优先级",
    "by_stage": "按工序",
    "roots": "同一起因",
    "root_of": "{asset} {said}（共 {alarms} 个）",
    "by_kind": "按变化",
    "no_stage": "无工序",
    "several": "{n} 个报警",
    "steps": "{n} 次变化",
    "more": "……另有 {n} 条",
    "test": "测试消息",
    "test_said": "这是对该通知对象的测试，生成于 {at}，并无报警。",
    "heartbeat": "运行正常",
    "heartbeat_said": "{at} 系统运行正常。若不再收到此消息，请检查系统。",
    "unknown": "未知",
}

WORDS: Mapping[Language, Words] = {Language.EN: EN, Language.ZH: ZH}

PRIORITIES: Mapping[Priority, tuple[str, str]] = {
    Priority.CRITICAL: ("!!! 1 critical", "!!! 1 紧急"),
    Priority.HIGH: ("!! 2 high", "!! 2 高"),
    Priority.MEDIUM: ("! 3 medium", "! 3 中"),
    Priority.LOW: ("4 low", "4 低"),
}
"""By sign, number and word, so that nothing hangs on a colour."""

KINDS: Mapping[TransitionKind, tuple[str, str]] = {
    TransitionKind.RAISED: ("raised", "发生"),
    TransitionKind.RERAISED: ("still standing", "仍未恢复"),
    TransitionKind.ESCALATED: ("escalated: nobody acknowledged", "升级：无人确认"),
    TransitionKind.RETURNED: ("returned to normal", "恢复"),
    TransitionKind.ACKNOWLEDGED: ("acknowledged", "确认"),
    TransitionKind.RESET: ("reset", "复位"),
    TransitionKind.CLEARED: ("cleared", "清除"),
    TransitionKind.SHELVED: ("shelved", "搁置"),
    TransitionKind.UNSHELVED: ("no longer shelved", "解除搁置"),
    TransitionKind.SUPPRESSED: ("suppressed by design", "设计抑制"),
    TransitionKind.UNSUPPRESSED: ("no longer suppressed", "解除抑制"),
    TransitionKind.OUT_OF_SERVICE: ("taken out of service", "停用"),
    TransitionKind.IN_SERVICE: ("back in service", "恢复使用"),
    TransitionKind.COMMENTED: ("commented", "备注"),
}

PHASES: Mapping[Phase, tuple[str, str]] = {
    Phase.NORMAL: ("normal", "正常"),
    Phase.UNACKNOWLEDGED: ("unacknowledged", "未确认"),
    Phase.ACKNOWLEDGED: ("acknowledged", "已确认"),
    Phase.RETURNED: ("returned, unacknowledged", "已恢复，未确认"),
    Phase.LATCHED: ("returned, waits to be reset", "已恢复，待复位"),
}


def in_language(pair: tuple[str, str], language: Language) -> str:
    """The one of ``pair`` (English, Chinese) that ``language`` asks for."""
    return pair[0 if language is Language.EN else 1]
