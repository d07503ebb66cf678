/** Which Debian 12 package brings a GStreamer element, so that "missing" always comes with its cure. Those that are installed here were checked with `dpkg -S` (1.22.0). */

const PACKAGES: Readonly<Record<string, string>> = {
  'libgstreamer1.0-0': 'capsfilter clocksync fakesink fakesrc fdsink filesink filesrc funnel identity input-selector queue tee valve',
  'gstreamer1.0-plugins-base':
    'appsink appsrc audioconvert audiointerleave audiomixer audiorate audioresample audiotestsrc compositor decodebin oggdemux oggmux opusdec opusenc ' +
    'tcpclientsink tcpserversink theoradec uridecodebin videoconvert videoconvertscale videorate videoscale videotestsrc volume vorbisdec',
  'gstreamer1.0-x': 'clockoverlay textoverlay timeoverlay ximagesink xvimagesink',
  'gstreamer1.0-alsa': 'alsasrc alsasink',
  'gstreamer1.0-plugins-good':
    'autoaudiosink autovideosink avidemux avimux deinterleave flacdec imagefreeze interleave jpegdec jpegenc level matroskademux matroskamux mp4mux ' +
    'multifilesink multifilesrc pngdec pngenc pulsesink pulsesrc qtdemux rtph264depay rtph264pay rtphdrextntp64 rtpjitterbuffer rtpopusdepay ' +
    'rtpopuspay rtpptdemux rtpssrcdemux rtspsrc splitmuxsink udpsink udpsrc v4l2h264enc v4l2src videobalance videobox videocrop vp8dec wavenc wavparse',
  'gstreamer1.0-plugins-bad':
    'audiobuffersplit audiomixmatrix fakevideosink h264parse h265parse kmssink mpegtsmux nvh264enc openh264enc opusparse srtsink srtsrc tsdemux ' +
    'vah264dec vah264enc waylandsink',
  'gstreamer1.0-plugins-ugly': 'x264enc',
  'gstreamer1.0-libav': 'avdec_aac avdec_h264 avdec_h265 avdec_mjpeg avenc_aac',
  'gstreamer1.0-vaapi': 'vaapih264dec vaapih264enc',
  'gstreamer1.0-pipewire': 'pipewiresink pipewiresrc',
};

/** The Debian package of an element; null for one that Debian does not carry (a board vendor's encoder). */
export function debianPackage(element: string): string | null {
  return Object.keys(PACKAGES).find((name) => PACKAGES[name]?.split(' ').includes(element)) ?? null;
}

/** "x264enc (apt-get install gstreamer1.0-plugins-ugly)": one phrase for each missing element. */
export function cure(missing: readonly string[]): string {
  return missing
    .map((element) => {
      const name = debianPackage(element);
      return name === null ? `${element} (in no Debian package that is known here)` : `${element} (apt-get install ${name})`;
    })
    .join(', ');
}
