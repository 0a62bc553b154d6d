"""Those who book parcels with many carriers, and tell what the carriers say."""
