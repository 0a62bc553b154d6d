"""How each sender tells what happened, in its own format. VOICES lists them."""

from pipeline.simulate.senders.carriers import AfterShip, Biteship, EasyPost, NinjaVan
from pipeline.simulate.senders.marketplaces import Shopee, TikTokShop
from pipeline.simulate.senders.own import OwnSystem
from pipeline.simulate.senders.payments import Midtrans, Xendit
from pipeline.simulate.senders.voice import Voice

VOICES: dict[str, type[Voice]] = {
    voice.source: voice
    for voice in (TikTokShop, Shopee, OwnSystem, Midtrans, Xendit, NinjaVan, Biteship, EasyPost, AfterShip)
}
