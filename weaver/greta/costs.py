"""What a fill costs: commission and slippage, in floats for the loop."""

from dataclasses import dataclass

from weaver.orders import Costs

_BPS = 10_000.0
_MOST = 0.99  # slippage may take nearly all of a price, but a price stays a price


@dataclass(frozen=True, slots=True)
class CostModel:
    """`Costs` ready for the loop; 0 stands for absent."""

    commission_rate: float
    commission_per_unit: float
    commission_per_order: float
    commission_min: float
    slippage_rate: float
    slippage_volume_share: float
    participation_cap: float | None

    @staticmethod
    def of(costs: Costs) -> "CostModel":
        return CostModel(
            commission_rate=float(costs.commission_bps or 0) / _BPS,
            commission_per_unit=float(costs.commission_per_share or 0),
            commission_per_order=float(costs.commission_per_order or 0),
            commission_min=float(costs.commission_min or 0),
            slippage_rate=float(costs.slippage_bps or 0) / _BPS,
            slippage_volume_share=float(costs.slippage_volume_share or 0),
            participation_cap=None if costs.participation_cap is None else float(costs.participation_cap),
        )

    def commission(self, notional: float, quantity: float) -> float:
        """Return the commission of an order that has filled `quantity` for `notional` altogether.

        A fill pays the difference between after and before, so that the minimum and the price per order count
        once an order, however many fills it takes.
        """
        if quantity == 0:
            return 0.0
        amount = notional * self.commission_rate + quantity * self.commission_per_unit + self.commission_per_order
        return max(amount, self.commission_min)

    def slipped(self, price: float, sign: int, quantity: float, volume: float, limit: float | None) -> float:
        """Return the price after slippage: adverse to the trader (`sign` +1 buys, -1 sells), at most 99 %, never beyond `limit`.

        Volume share after zipline's VolumeShareSlippage: price × k × (quantity / bar volume)², the share at most 1.
        """
        rate = self.slippage_rate
        if self.slippage_volume_share:
            share = 1.0 if quantity >= volume else quantity / volume
            rate += self.slippage_volume_share * share * share
        if rate == 0:
            return price
        slipped = price * (1 + sign * min(rate, _MOST))
        if limit is None:
            return slipped
        return min(slipped, limit) if sign > 0 else max(slipped, limit)
